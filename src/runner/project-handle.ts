import { addAgent } from '../agent/add-agent.ts';
import { answerBlocker } from '../blocker/answer-blocker.ts';
import type { BlockerRow } from '../blocker/blocker.ts';
import { listedColumns, type CheckpointRow, type ListedCheckpoint } from '../checkpoint/checkpoint.ts';
import { diffCheckpoints } from '../checkpoint/diff-checkpoints.ts';
import { findCheckpoint, openKnown } from '../checkpoint/find-checkpoint.ts';
import { gitDifference, type TargetRequest } from '../checkpoint/restore-intent.ts';
import { tidyPatterns } from '../checkpoint/path-filter.ts';
import { previewRestore } from '../checkpoint/restore-checkpoint.ts';
import { findUndoable, readUndoStacks, undoRequest, undoSteps } from '../checkpoint/undo.ts';
import { verifyCheckpoints } from '../checkpoint/verify-checkpoints.ts';
import { contextStats, explainItem, listContext, pinItem, showItem } from '../context/views.ts';
import { followEvents } from '../event/follow-events.ts';
import { isFailure } from '../failure.ts';
import type {
  BoundRestore,
  Arriving,
  MoveOptions,
  NewAgent,
  NewTask,
  PauseOptions,
  ProjectHandle,
  RestoreOptions,
  RestorePreview,
  Run,
  StartOptions,
  UndoStep,
  VerifyOptions,
} from '../handle.ts';
import type { AuditReport } from '../secret/audit.ts';
import { addTask, cancelTask, needTask, retryTask } from '../task/edit-tasks.ts';
import { resumeProject, startProject } from './begin-run.ts';
import { flashSaveByHand, recallByHand } from './context-by-hand.ts';
import { mergeByHand } from './merge-by-hand.ts';
import { examine } from './doctor.ts';
import { checkpointProject } from './live-checkpoint.ts';
import { projectStatus } from './project-status.ts';
import type { ProjectPorts, RunnerPorts } from './ports.ts';
import { pauseProject } from './request-pause.ts';
import { restoreProject, undoRestore } from './restore-project.ts';
import { retentionHandle, type RetentionHandle } from './retention-handle.ts';
import { stopProject } from './stop-project.ts';
import { exportCheckpoint, pullIntoProject, pushProject, takeInExport } from './move-project.ts';
import type { Upkeep } from './upkeep.ts';
import {
  permissionHandle,
  rememberAgent,
  rememberAnswer,
  type PermissionHandle,
  type PermissionParts,
} from './permission-handle.ts';
import { waitForChange } from './wait-for-change.ts';

export interface OpenedProject {
  readonly ports: ProjectPorts;
  readonly name: string;
  readonly dataDir: string;
  /** What a run or a pause needs besides; `allow`: the commands that are allowed in that run alone. */
  readonly loadRunner: (allow: readonly string[]) => Promise<RunnerPorts>;
  /** The window of a model as agents name it, in tokens; null: not known. */
  readonly loadWindows: () => Promise<(model: string) => number | null>;
  /** Searches these checkpoints and all that is not in one. */
  readonly audit: (checkpointIds: readonly string[]) => Promise<AuditReport>;
  readonly upkeep: Upkeep;
  readonly permissions: PermissionParts;
  /** Closes what the ports hold open. */
  readonly closePorts: () => Promise<void>;
}

const newestFirst = { where: { deletedAt: null }, orderBy: 'createdAt', descending: true } as const;

/** The project that the CLI and the library hold: each method hands over to the function of its name. */
export class OpenProject implements ProjectHandle {
  readonly #opened: OpenedProject;
  readonly #runs = new Set<Run>();
  #closed = false;

  constructor(opened: OpenedProject) {
    this.#opened = opened;
  }

  get id(): string {
    return this.#ports.project.id;
  }
  get name(): string {
    return this.#opened.name;
  }
  get dir(): string {
    return this.#ports.projectDir;
  }
  get dataDir(): string {
    return this.#opened.dataDir;
  }
  get #ports(): ProjectPorts {
    return this.#opened.ports;
  }

  get retention(): RetentionHandle {
    return retentionHandle(this.#ports);
  }

  get permissions(): PermissionHandle {
    return permissionHandle(this.#ports, this.#opened.permissions);
  }

  status(): ReturnType<ProjectHandle['status']> {
    return projectStatus(this.#ports);
  }

  async changed(signal: AbortSignal): Promise<void> {
    const version = await this.#ports.store.version();
    await waitForChange(this.#ports, { version, withinMs: Number.POSITIVE_INFINITY, signal });
  }

  async addAgent(agent: NewAgent): ReturnType<ProjectHandle['addAgent']> {
    const row = await addAgent(this.#ports, agent);
    // One that is killed in between leaves an agent that asks.
    rememberAgent(this.#opened.permissions.memory, row);
    return row;
  }

  agents(): ReturnType<ProjectHandle['agents']> {
    return this.#ports.store.read((tx) => tx.list('agents'));
  }

  mergeAgent(name: string): ReturnType<ProjectHandle['mergeAgent']> {
    return mergeByHand(this.#ports, name);
  }

  async addTask(task: NewTask): ReturnType<ProjectHandle['addTask']> {
    return this.#ports.secrets.redactValue(await addTask(this.#ports, task));
  }

  tasks(): ReturnType<ProjectHandle['tasks']> {
    return this.#ports.store.read((tx) => tx.list('tasks'));
  }

  task(id: number): ReturnType<ProjectHandle['task']> {
    return this.#ports.store.read((tx) => needTask(tx, id));
  }

  retryTask(id: number): ReturnType<ProjectHandle['retryTask']> {
    return retryTask(this.#ports, id);
  }

  cancelTask(id: number): ReturnType<ProjectHandle['cancelTask']> {
    return cancelTask(this.#ports, id);
  }

  blockers(): ReturnType<ProjectHandle['blockers']> {
    return this.#ports.store.read((tx) => tx.list('blockers'));
  }

  async answerBlocker(id: string, answer: string): ReturnType<ProjectHandle['answerBlocker']> {
    const { memory } = this.#opened.permissions;
    const { secrets } = this.#ports;
    const keep = (answered: BlockerRow): void => rememberAnswer(memory, secrets.redactValue(answered));
    return secrets.redactValue(await answerBlocker(this.#ports, { id, answer, keep }));
  }

  async start(options: StartOptions = {}): Promise<Run> {
    return this.#hold(await startProject(await this.#opened.loadRunner(options.allow ?? []), options));
  }

  async resume(options: StartOptions = {}): Promise<Run> {
    return this.#hold(await resumeProject(await this.#opened.loadRunner(options.allow ?? []), options));
  }

  async pause(options: PauseOptions = {}): ReturnType<ProjectHandle['pause']> {
    const over = new AbortController();
    // Caught at once: neither does the process end nor the pause fail because nobody could be told of it.
    const told =
      options.onProgress &&
      this.#tell(options.onProgress, over.signal).catch((error: unknown) => {
        this.#ports.log.warn({ err: error }, 'could not tell how the pause goes');
      });
    try {
      return await pauseProject(await this.#opened.loadRunner([]), options);
    } finally {
      over.abort();
      await told;
    }
  }

  stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    return stopProject(this.#ports, options);
  }

  createCheckpoint(
    options: { readonly name?: string; readonly reason?: string } = {},
  ): Promise<CheckpointRow> {
    return checkpointProject(this.#ports, options);
  }

  checkpoints(): Promise<readonly CheckpointRow[]> {
    return this.#ports.store.read((tx) => tx.list('checkpoints', newestFirst));
  }

  listedCheckpoints(): Promise<readonly ListedCheckpoint[]> {
    return this.#ports.store.read((tx) => tx.pick('checkpoints', listedColumns, newestFirst));
  }

  async checkpoint(id: string): ReturnType<ProjectHandle['checkpoint']> {
    const row = await findCheckpoint(this.#ports.store, id);
    const { manifest } = await openKnown(this.#ports.checkpoints, row.id);
    return { row, manifest };
  }

  diff(fromId: string, toId?: string): ReturnType<ProjectHandle['diff']> {
    return diffCheckpoints(this.#ports, fromId, toId);
  }

  async previewRestore(id: string, options: RestoreOptions = {}): Promise<RestorePreview> {
    const { id: checkpointId } = await findCheckpoint(this.#ports.store, id);
    return previewRestore(this.#ports, { ...this.#limited(options), checkpointId });
  }

  async restore(
    id: string,
    options: RestoreOptions & BoundRestore = {},
  ): ReturnType<ProjectHandle['restore']> {
    const { id: checkpointId } = await findCheckpoint(this.#ports.store, id);
    const { only: _only, paths: _paths, git: _git, gitCommands: _commands, ...bound } = options;
    return restoreProject(this.#ports, { ...this.#limited(options), ...bound, checkpointId });
  }

  async gitDifference(id: string): ReturnType<ProjectHandle['gitDifference']> {
    const { id: checkpointId } = await findCheckpoint(this.#ports.store, id);
    return gitDifference(this.#ports, await openKnown(this.#ports.checkpoints, checkpointId));
  }

  undo(options: Parameters<ProjectHandle['undo']>[0] = {}): ReturnType<ProjectHandle['undo']> {
    return undoRestore(this.#ports, 'undo', options);
  }

  redo(options: Parameters<ProjectHandle['redo']>[0] = {}): ReturnType<ProjectHandle['redo']> {
    return undoRestore(this.#ports, 'redo', options);
  }

  async previewUndo(way: UndoStep['way'] = 'undo'): Promise<RestorePreview> {
    return previewRestore(this.#ports, undoRequest(way, await findUndoable(this.#ports.store, way)));
  }

  async undoSteps(): Promise<readonly UndoStep[]> {
    const { store, checkpoints } = this.#ports;
    return undoSteps(await readUndoStacks(store), new Set(await checkpoints.ids()));
  }

  async contextStats(agent?: string): ReturnType<ProjectHandle['contextStats']> {
    const { store, flashSave: settings } = this.#ports;
    return contextStats({ store, settings, windowOf: await this.#opened.loadWindows() }, agent);
  }

  contextItems(
    filter: Parameters<ProjectHandle['contextItems']>[0] = {},
  ): ReturnType<ProjectHandle['contextItems']> {
    return listContext(this.#ports.store, filter);
  }

  contextItem(id: string): ReturnType<ProjectHandle['contextItem']> {
    return showItem(this.#ports.store, id);
  }

  explainItem(id: string): ReturnType<ProjectHandle['explainItem']> {
    return explainItem(this.#ports.store, id);
  }

  pinItem(id: string, pinned: boolean): ReturnType<ProjectHandle['pinItem']> {
    return pinItem(this.#ports.store, id, pinned);
  }

  async recall(query: Parameters<ProjectHandle['recall']>[0]): ReturnType<ProjectHandle['recall']> {
    return recallByHand(await this.#opened.loadRunner([]), query);
  }

  async flashSave(
    options: Parameters<ProjectHandle['flashSave']>[0] = {},
  ): ReturnType<ProjectHandle['flashSave']> {
    return flashSaveByHand(await this.#opened.loadRunner([]), options);
  }

  events(options: Parameters<ProjectHandle['events']>[0] = {}): ReturnType<ProjectHandle['events']> {
    return followEvents(this.#ports, options);
  }

  doctor(options: { readonly repair?: boolean } = {}): ReturnType<ProjectHandle['doctor']> {
    return examine({ ...this.#opened, repair: options.repair === true });
  }

  async verify(options: VerifyOptions = {}): ReturnType<ProjectHandle['verify']> {
    const { id, drill, onProgress } = options;
    return verifyCheckpoints(this.#ports, {
      ...(id === undefined ? {} : { ids: [(await findCheckpoint(this.#ports.store, id)).id] }),
      ...(drill === true ? { openDrill: this.#opened.upkeep.openDrill } : {}),
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }

  exportCheckpoint(
    id: string,
    file: string,
    options: { readonly force?: boolean } = {},
  ): ReturnType<ProjectHandle['exportCheckpoint']> {
    return exportCheckpoint(this.#opened, { id, file, force: options.force === true });
  }

  push(remote: string, options: MoveOptions = {}): ReturnType<ProjectHandle['push']> {
    return pushProject(this.#opened, remote, options);
  }

  pull(remote: string, options: MoveOptions = {}): ReturnType<ProjectHandle['pull']> {
    return pullIntoProject(this.#opened, remote, options);
  }

  takeIn(arriving: Arriving): ReturnType<ProjectHandle['takeIn']> {
    return takeInExport(this.#opened, arriving);
  }

  async audit(checkpointId?: string): Promise<AuditReport> {
    if (checkpointId === undefined) return this.#opened.audit(await this.#ports.checkpoints.ids());
    return this.#opened.audit([(await findCheckpoint(this.#ports.store, checkpointId)).id]);
  }

  redact(text: string): string {
    return this.#ports.secrets.redact(text).text;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (this.#runs.size > 0) await this.#stopOwnRuns();
    } finally {
      await this.#opened.closePorts();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #limited({ only, paths, git, gitCommands = false }: RestoreOptions): Omit<TargetRequest, 'checkpointId'> {
    return {
      ...(only === undefined ? {} : { only }),
      ...(paths === undefined ? {} : { paths: tidyPatterns(this.dir, paths) }),
      ...(git === true ? { git: { refs: [], allowsCommands: gitCommands } } : {}),
    };
  }

  async #stopOwnRuns(): Promise<void> {
    const { state, owner } = await projectStatus(this.#ports);
    const isOurs = owner?.pid === this.#ports.processes.identity().pid;
    if (state.kind === 'running' && isOurs) {
      await stopProject(this.#ports, {}).catch((error: unknown) => {
        // It came to its end meanwhile, or is on its way there: somebody else's pause.
        if (!isFailure(error, 'wrong-status')) throw error;
      });
    }
    await Promise.allSettled([...this.#runs].map((run) => run.ended));
  }

  #hold(run: Run): Run {
    this.#runs.add(run);
    const drop = (): boolean => this.#runs.delete(run);
    run.ended.then(drop, drop);
    return run;
  }

  async #tell(onProgress: NonNullable<PauseOptions['onProgress']>, signal: AbortSignal): Promise<void> {
    const [last] = await this.#ports.store.read((tx) =>
      tx.list('events', { orderBy: 'seq', descending: true, limit: 1 }),
    );
    for await (const event of this.events({ afterSeq: last?.seq ?? 0, follow: true, signal }))
      onProgress(event);
  }
}
