import type { AgentRow, AgentSettings } from './agent/agent.ts';
import type { AgentMerge } from './agent/worktree.ts';
import type { BlockerRow } from './blocker/blocker.ts';
import type { CheckpointRow, ListedCheckpoint, Trigger } from './checkpoint/checkpoint.ts';
import type { Manifest } from './checkpoint/manifest.ts';
import type { RestorePart, RestoreRow } from './checkpoint/restore.ts';
import type { CheckedCheckpoint } from './checkpoint/verify-checkpoints.ts';
import type { Tier } from './context/item.ts';
import type { Recalled, RecallQuery } from './context/recall.ts';
import type { ContextLine, ContextStats, ContextView, TierExplanation } from './context/views.ts';
import type { FlashSaved } from './context/flash-save.ts';
import type { EventRow } from './event/event.ts';
import type { LeaseRow } from './project/lease.ts';
import type { ProjectState, StopReason } from './project/lifecycle.ts';
import type { PauseResult } from './project/pause.ts';
import type { PermissionHandle } from './runner/permission-handle.ts';
import type { RetentionHandle } from './runner/retention-handle.ts';
import type { AuditReport } from './secret/audit.ts';
import type { TaskRow } from './task/task.ts';

/** An open project: what the CLI and the library do with it. Close it when done; `await using` does. */
export interface ProjectHandle extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  /** The directory, absolute, links resolved. */
  readonly dir: string;
  /** Where its database, store, journal, backups and logs are. */
  readonly dataDir: string;

  status(): Promise<StatusReport>;
  /** Resolves when anything in the project has changed since the call, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;

  addAgent(agent: NewAgent): Promise<AgentRow>;
  agents(): Promise<readonly AgentRow[]>;
  /** Merges what is in an agent's worktree, finished or not; refused with `project-owned` while a runner owns the project. */
  mergeAgent(name: string): Promise<AgentMerge>;
  addTask(task: NewTask): Promise<TaskRow>;
  tasks(): Promise<readonly TaskRow[]>;
  task(id: number): Promise<TaskRow>;
  retryTask(id: number): Promise<TaskRow>;
  cancelTask(id: number): Promise<TaskRow>;
  blockers(): Promise<readonly BlockerRow[]>;
  answerBlocker(id: string, answer: string): Promise<BlockerRow>;

  /** Takes the project and runs its agents in this process. Resolves when it is running. */
  start(options?: StartOptions): Promise<Run>;
  /** As start, for a project that is paused or was interrupted. */
  resume(options?: StartOptions): Promise<Run>;
  /** Safe from any process, any number of times at once: all get the same result (P3). */
  pause(options?: PauseOptions): Promise<PauseResult>;
  /** Ends the agents' work without a pause; tasks in hand are held. Resolves when nothing runs. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;

  createCheckpoint(options?: { readonly name?: string; readonly reason?: string }): Promise<CheckpointRow>;
  /** Newest first, without the deleted ones. */
  checkpoints(): Promise<readonly CheckpointRow[]>;
  /** The same, of each only what a list shows: of 10,000 that takes half the time. */
  listedCheckpoints(): Promise<readonly ListedCheckpoint[]>;
  /** `id`: the whole id, the start of one (4 characters at least), a name, or `latest`. */
  checkpoint(id: string): Promise<{ readonly row: CheckpointRow; readonly manifest: Manifest }>;
  /** From one checkpoint to another, or to the files as they are now. */
  diff(fromId: string, toId?: string): Promise<CheckpointDiff>;
  /** Which of them stay, and what they take. */
  readonly retention: RetentionHandle;
  /** What agents may run without asking. */
  readonly permissions: PermissionHandle;
  /** What a restore would change; changes nothing. */
  previewRestore(id: string, options?: RestoreOptions): Promise<RestorePreview>;
  /** Refused with `tree-moved` when a preview is given and what it lists is no longer what would change. */
  restore(id: string, options?: RestoreOptions & BoundRestore): Promise<RestoreRow>;
  /** Brings back what was there before the last restore; again, and it goes one restore further back. */
  undo(options?: BoundRestore): Promise<RestoreRow>;
  /** Takes back the last undo; nothing can be redone after a new restore. */
  redo(options?: BoundRestore): Promise<RestoreRow>;
  /** How the user's repository differs from a checkpoint's; null where it does not, or there is none. */
  gitDifference(id: string): Promise<GitDifference | null>;
  /** What the next undo or redo would change; changes nothing. */
  previewUndo(way?: UndoStep['way']): Promise<RestorePreview>;
  /** All that can be undone, then all that can be redone; of each the next first. */
  undoSteps(): Promise<readonly UndoStep[]>;

  /** The agents' memory in figures; of one agent, or of all. */
  contextStats(agent?: string): Promise<readonly ContextStats[]>;
  contextItems(filter?: { readonly agent?: string; readonly tier?: Tier }): Promise<readonly ContextLine[]>;
  /** `id`: an item's whole id, or the start of one (4 characters at least). */
  contextItem(id: string): Promise<ContextView>;
  explainItem(id: string): Promise<TierExplanation>;
  /** What is pinned is never archived. */
  pinItem(id: string, pinned: boolean): Promise<ContextLine>;
  /** Archived pieces; they are in the prompt again. */
  recall(query: RecallQuery): Promise<readonly Recalled[]>;
  /** Archives stale memory now, without a pause. Refused with `project-owned` while a runner owns the project. */
  flashSave(options?: {
    readonly agent?: string;
    readonly target?: number;
  }): Promise<readonly (FlashSaved & { readonly agent: string })[]>;

  /** Events after `afterSeq` (0: all), oldest first; with `follow` goes on until the signal aborts. */
  events(options?: {
    readonly afterSeq?: number;
    readonly follow?: boolean;
    readonly signal?: AbortSignal;
  }): AsyncIterable<EventRow>;
  /** Changes nothing but with `repair`: then it puts right what can be, and deletes nothing of the user's. */
  doctor(options?: { readonly repair?: boolean }): Promise<readonly Finding[]>;
  /**
   * Reads and hashes all of a checkpoint (of every one when no id is given), and compares manifest, tree, rows and list.
   * With `drill` each is also restored into a temporary directory and compared byte for byte. Changes nothing.
   */
  verify(options?: VerifyOptions): Promise<readonly CheckedCheckpoint[]>;
  /** Writes a checkpoint, whole, into one file; refused with `already-exists` unless `force`. */
  exportCheckpoint(id: string, file: string, options?: { readonly force?: boolean }): Promise<ExportReport>;
  /** Brings checkpoints to a git remote, under refs of their own. May be cut and called again. */
  push(remote: string, options?: MoveOptions): Promise<PushReport>;
  /** Brings checkpoints from a git remote, verified. A project in which nothing has happened goes on where the newest stands. */
  pull(remote: string, options?: MoveOptions): Promise<PullReport>;
  /** Takes in a checkpoint from the bundle of an export that was read and verified. */
  takeIn(arriving: Arriving): Promise<Omit<ArrivalReport, 'projectId'>>;
  /** Searches a checkpoint (all when no id is given), the database, the events and the logs for secrets. */
  audit(checkpointId?: string): Promise<AuditReport>;
  /** A text as it would be stored: with a placeholder in the place of each secret. */
  redact(text: string): string;
  /** Stops a run of this process first. May be called twice. */
  close(): Promise<void>;
}

/** Agents at work in this process. */
export interface Run {
  /** Resolves when the run is over, with why; rejects when it lost the project to another owner or broke. */
  readonly ended: Promise<RunSummary>;
}

export interface RunSummary {
  readonly why: 'completed' | 'paused' | StopReason;
  readonly done: number;
  readonly failed: number;
  readonly waiting: number;
  readonly pause: PauseResult | null;
}

export interface StartOptions {
  /** Commands that every model agent may run without asking in this run, as globs. */
  readonly allow?: readonly string[];
}

export interface PauseOptions {
  readonly reason?: string;
  readonly graceMs?: number;
  readonly onProgress?: (event: EventRow) => void;
}

export interface VerifyOptions {
  /** As `checkpoint` takes it. */
  readonly id?: string;
  readonly drill?: boolean;
  readonly onProgress?: (checked: CheckedCheckpoint, done: number, of: number) => void;
}

export interface ExportReport {
  readonly checkpointId: string;
  readonly file: string;
  readonly bytes: number;
}

export interface Arriving {
  readonly file: string;
  readonly checkpointId: string;
  readonly commit: string;
  /** In words. */
  readonly from: string;
}

export interface ArrivalReport {
  readonly projectId: string;
  readonly checkpointId: string;
  /** It was in the list before. */
  readonly already: boolean;
  /** The project has its rows from it, because nothing had happened in it here before. */
  readonly became: boolean;
  /** How its files were brought; null: the files are as they were, for there is other work among them. */
  readonly restore: RestoreRow | null;
}

export interface MoveOptions {
  /** Whole ids of checkpoints, starts of ids where they are known here, or names; all when left out. */
  readonly ids?: readonly string[];
  /** What a relative path of a remote is relative to; the project's directory when left out. */
  readonly cwd?: string;
  readonly onProgress?: (progress: MoveProgress) => void;
}

export interface MoveProgress {
  readonly done: number;
  readonly of: number;
  /** What git says of a batch on its way; null when a batch is done. */
  readonly line: string | null;
}

export interface PushReport {
  readonly remote: string;
  readonly moved: readonly string[];
  /** Those that were there before. */
  readonly already: readonly string[];
  /** What goes along with them, and whoever can read the remote can read. */
  readonly holds: { readonly files: number; readonly items: number };
}

export interface PullReport {
  readonly remote: string;
  readonly moved: readonly string[];
  readonly already: readonly string[];
  /** The checkpoint whose rows and files the project has now; null: both are as they were. */
  readonly becameId: string | null;
  readonly restore: RestoreRow | null;
}

/** How a restore is bound to what was shown, and what it tells. */
export interface BoundRestore {
  /** Refused with `tree-moved` when what would change is not what this lists. */
  readonly preview?: RestorePreview;
  /** The same, by the `digest` of a preview alone. */
  readonly digest?: string;
  readonly onProgress?: (progress: RestoreProgress) => void;
}

/** How far a restore is. `total` is 0 where there is nothing to count. */
export interface RestoreProgress {
  readonly phase: 'look' | 'save' | 'write' | 'apply' | 'check' | 'clean-up';
  readonly done: number;
  readonly total: number;
}

export interface RestoreOptions {
  readonly only?: readonly RestorePart[];
  /** Files, directories and globs, from the project's directory: only these, and only the code unless `only` says more. */
  readonly paths?: readonly string[];
  /** Also brings back HEAD, the branch it was on, the index and an operation in progress of the user's repository. */
  readonly git?: boolean;
  /** With `git`: a rebase in progress that came from elsewhere may have its commands, which `git rebase --continue` runs. */
  readonly gitCommands?: boolean;
}

export interface NewAgent {
  readonly name: string;
  readonly driver: string;
  readonly role?: string;
  readonly settings?: AgentSettings;
}

export interface NewTask {
  readonly title: string;
  readonly details?: string;
  readonly agent?: string;
  readonly after?: readonly number[];
}

export interface StatusReport {
  readonly project: { readonly id: string; readonly name: string; readonly dir: string };
  /** What is true: `interrupted` also when the row still says running but no live process stands behind it. */
  readonly status: ProjectState['kind'];
  readonly state: ProjectState;
  /** The owner that is alive; null when there is none. */
  readonly owner: Pick<LeaseRow, 'pid' | 'host' | 'command' | 'acquiredAt' | 'epoch'> | null;
  /** While it is `interrupted`: the owner that died, where the lease still names it. */
  readonly lostOwner: Pick<
    LeaseRow,
    'pid' | 'host' | 'command' | 'acquiredAt' | 'renewedAt' | 'epoch'
  > | null;
  /** The number of the newest event, so that a reader can follow from here; 0 when there is none. */
  readonly lastSeq: number;
  /** The command that leads on. */
  readonly next: string;
  readonly agents: readonly AgentStatus[];
  readonly tasks: Readonly<Record<TaskRow['status'], number>>;
  readonly openBlockers: readonly BlockerRow[];
  /** Steps that an end without warning cut: resume repeats those that are safe and tells the agent of the others. */
  readonly interruptedSteps: number;
  /** A restore that was cut: files may be as before or as wanted, until the next command that owns the project ends it. */
  readonly cutRestore: { readonly id: string; readonly checkpointId: string } | null;
  /** Processes of agents that run though no owner does; only looked for when one was lost. */
  readonly strayProcesses: number;
  readonly lastCheckpoint: CheckpointRow | null;
  /** The last checkpoint that nobody asked for and that was not made, when none was made since. */
  readonly failedCheckpoint: {
    readonly at: number;
    readonly trigger: Trigger;
    readonly problem: string;
  } | null;
  /** When the checkpoints take more than the config warns at. */
  readonly overLimit: { readonly storeBytes: number; readonly warnBytes: number } | null;
  readonly costUsd: number;
  readonly tokens: { readonly input: number; readonly output: number };
}

export interface AgentStatus {
  readonly name: string;
  readonly role: string;
  readonly driver: string;
  /** `recorded model (FILE)` for a recording. */
  readonly model: string | null;
  readonly status: AgentRow['status'];
  readonly task: { readonly id: number; readonly title: string; readonly status: TaskRow['status'] } | null;
  /** What it is doing: its step in flight. */
  readonly step: string | null;
  readonly promptTokens: number;
  readonly tiers: Readonly<Record<Tier, number>>;
}

/** A restore that an undo or redo can go back over. */
export interface UndoStep {
  readonly way: 'undo' | 'redo';
  readonly restoreId: string;
  readonly kind: RestoreRow['kind'];
  /** What that restore brought back. */
  readonly checkpointId: string;
  /** What going back over it brings back. */
  readonly backTo: string;
  readonly only: readonly RestorePart[] | null;
  readonly paths: readonly string[] | null;
  readonly git: boolean;
  readonly at: number;
  /** False when the checkpoint that it needs was deleted since. */
  readonly available: boolean;
}

export interface RestorePreview {
  readonly checkpointId: string;
  readonly only: readonly RestorePart[] | null;
  /** Null: every path. */
  readonly paths: readonly string[] | null;
  readonly changes: readonly TreeChange[];
  /** Tables whose rows change, with how many rows are added, changed, deleted. */
  readonly rows: readonly {
    readonly table: string;
    readonly added: number;
    readonly changed: number;
    readonly deleted: number;
  }[];
  /** Uncovered paths that are in the way; they go into the safety checkpoint first. */
  readonly saved: readonly string[];
  /** How the user's repository differs from the checkpoint's; null where it does not, or there is none. */
  readonly git: GitDifference | null;
  /** Names what would change and what is there now; a restore with it is refused when that has moved. */
  readonly digest: string;
}

export interface GitDifference {
  /** Whether it was asked to be brought back, too. */
  readonly asked: boolean;
  /** As `.git/HEAD` says it: `ref: refs/heads/main`, or a commit; now, and as the checkpoint has it. */
  readonly head: { readonly from: string; readonly to: string };
  /** Refs that would move; null: no such ref. `laterCommits` only the present one leads to; they would be kept. */
  readonly refs: readonly {
    readonly name: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly laterCommits: number;
  }[];
  /** Commits that only a HEAD on no branch leads to; they would be kept. */
  readonly detachedCommits: number;
  readonly index: boolean;
  /** `merge`, `rebase` … in progress: now, and in the checkpoint. */
  readonly operation: { readonly from: string | null; readonly to: string | null };
  /** Why it could not be brought back. */
  readonly problems: readonly string[];
}

export interface TreeChange {
  /** As `showPath` gives it. */
  readonly path: string;
  readonly change: 'add' | 'change' | 'delete' | 'mode' | 'type';
}

export interface CheckpointDiff {
  readonly from: string;
  /** A checkpoint's id, or `now`. */
  readonly to: string;
  readonly changes: readonly TreeChange[];
  readonly tasks: readonly {
    readonly id: number;
    readonly title: string;
    readonly from: string | null;
    readonly to: string | null;
  }[];
  readonly tokens: { readonly from: number; readonly to: number };
}

export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem' | 'repaired';
  readonly subject: string;
  readonly text: string;
  /** What to do. */
  readonly hint: string | null;
}
