import type { StopReport } from '../agent/driver.ts';
import type { StepRow } from '../agent/step.ts';
import type { RestoreFigures, RestorePart } from '../checkpoint/restore.ts';
import type { FlashSaveCause } from '../context/flash-save.ts';
import type { StopReason } from '../project/lifecycle.ts';
import type { PauseResult } from '../project/pause.ts';
import type { Trigger } from '../checkpoint/checkpoint.ts';

/** Something that happened. Log, dashboard and `codeframe events` read the same ones; none is ever changed or taken away. */
export type CodeframeEvent = EventData & {
  readonly id: string;
  /** Wall time, ms. */
  readonly at: number;
  /** Who: `cli:USER@HOST#PID`, `runner#EPOCH`, `agent:NAME`, `library`. */
  readonly actor: string;
};

export type EventData =
  | { readonly type: 'project-created'; readonly data: { readonly name: string; readonly dir: string } }
  | {
      readonly type: 'lease-taken';
      readonly data: {
        readonly epoch: number;
        readonly command: string;
        readonly pid: number;
        readonly from: 'free' | 'dead' | 'expired';
      };
    }
  | { readonly type: 'project-started'; readonly data: { readonly epoch: number; readonly from: string } }
  | { readonly type: 'project-stopped'; readonly data: { readonly why: StopReason } }
  | { readonly type: 'project-completed'; readonly data: { readonly tasksDone: number } }
  | {
      readonly type: 'runner-lost';
      readonly data: {
        readonly epoch: number;
        readonly pid: number | null;
        readonly was: string;
        readonly interruptedSteps: readonly string[];
        readonly killedProcesses: number;
      };
    }
  | {
      readonly type: 'pause-requested';
      readonly data: { readonly pauseId: string; readonly reason: string | null; readonly graceMs: number };
    }
  | {
      readonly type: 'pause-failed';
      readonly data: { readonly pauseId: string; readonly problem: string; readonly status: string };
    }
  | { readonly type: 'project-paused'; readonly data: PauseResult }
  | {
      readonly type: 'resume-requested';
      readonly data: { readonly pauseId: string | null; readonly epoch: number };
    }
  | {
      readonly type: 'project-resumed';
      readonly data: { readonly epoch: number; readonly repeats: readonly string[] };
    }
  | { readonly type: 'agent-added'; readonly data: { readonly agent: string; readonly driver: string } }
  | {
      readonly type: 'agent-stopped';
      readonly data: StopReport & { readonly agent: string; readonly taskId: number | null };
    }
  | { readonly type: 'task-added'; readonly data: { readonly taskId: number; readonly title: string } }
  | {
      readonly type: 'task-started';
      readonly data: { readonly taskId: number; readonly agent: string; readonly continued: boolean };
    }
  | {
      readonly type: 'task-done';
      readonly data: { readonly taskId: number; readonly agent: string; readonly summary: string };
    }
  /** Its agent has done its part in a worktree; it is done when that is merged. */
  | {
      readonly type: 'work-finished';
      readonly data: { readonly taskId: number; readonly agent: string; readonly summary: string };
    }
  | {
      readonly type: 'work-merged';
      readonly data: {
        readonly mergeId: string;
        /** Null: a person merged what was there. */
        readonly taskId: number | null;
        readonly agent: string;
        readonly branch: string;
        readonly into: string;
        readonly commit: string;
        readonly files: number;
      };
    }
  | {
      readonly type: 'task-failed';
      readonly data: { readonly taskId: number; readonly agent: string; readonly problem: string };
    }
  | { readonly type: 'task-held'; readonly data: { readonly taskId: number; readonly agent: string } }
  | {
      readonly type: 'task-waiting';
      readonly data: { readonly taskId: number; readonly agent: string; readonly blockerId: string };
    }
  | { readonly type: 'task-retried'; readonly data: { readonly taskId: number } }
  | { readonly type: 'task-cancelled'; readonly data: { readonly taskId: number } }
  | {
      readonly type: 'blocker-opened';
      readonly data: {
        readonly blockerId: string;
        readonly taskId: number;
        readonly agent: string;
        readonly question: string;
      };
    }
  | {
      readonly type: 'blocker-answered';
      readonly data: { readonly blockerId: string; readonly taskId: number; readonly answer: string };
    }
  | {
      readonly type: 'step-started';
      readonly data: {
        readonly stepId: string;
        readonly agent: string;
        readonly kind: StepRow['kind'];
        readonly name: string;
        readonly summary: string;
      };
    }
  | {
      readonly type: 'step-ended';
      readonly data: {
        readonly stepId: string;
        readonly agent: string;
        readonly status: string;
        readonly summary: string;
      };
    }
  | {
      readonly type: 'step-interrupted';
      readonly data: {
        readonly stepId: string;
        readonly agent: string;
        readonly name: string;
        readonly summary: string;
      };
    }
  | {
      readonly type: 'step-repeated';
      readonly data: {
        readonly stepId: string;
        readonly repeats: string;
        readonly agent: string;
        readonly name: string;
      };
    }
  | { readonly type: 'late-result'; readonly data: { readonly stepId: string; readonly agent: string } }
  /** An agent's own session could not be loaded; it goes on with a new one. */
  | {
      readonly type: 'session-lost';
      readonly data: { readonly agent: string; readonly problem: string };
    }
  /** What an agent that others wrote sent to its model's provider held a secret; once a kind for each run of the agent. */
  | { readonly type: 'secret-sent'; readonly data: { readonly agent: string; readonly kind: string } }
  | {
      readonly type: 'model-waiting';
      readonly data: { readonly agent: string; readonly waitMs: number; readonly problem: string };
    }
  | {
      readonly type: 'flash-save-done';
      readonly data: {
        readonly agent: string;
        /** These three are missing in events of before schema 2. */
        readonly cause?: FlashSaveCause;
        readonly cacheWarm?: boolean;
        readonly unreached?: string | null;
        readonly tokensBefore: number;
        readonly tokensAfter: number;
        readonly itemsArchived: number;
      };
    }
  | {
      readonly type: 'flash-save-failed';
      readonly data: { readonly agent: string; readonly problem: string };
    }
  | { readonly type: 'item-recalled'; readonly data: { readonly agent: string; readonly archiveId: string } }
  | {
      readonly type: 'checkpoint-created';
      readonly data: {
        readonly checkpointId: string;
        readonly trigger: Trigger;
        readonly commit: string;
        readonly files: number;
        readonly bytes: number;
        readonly uncovered: number;
        readonly durationMs: number;
        /** How long agents at work were held; null when none worked, missing in events of before schema 3. */
        readonly heldMs?: number | null;
      };
    }
  /** One that nobody asked for was not made; the work goes on. */
  | {
      readonly type: 'checkpoint-failed';
      readonly data: { readonly trigger: Trigger; readonly problem: string };
    }
  | {
      readonly type: 'checkpoint-deleted';
      readonly data: { readonly checkpointId: string; readonly why: 'asked' | 'rules' };
    }
  | { readonly type: 'checkpoint-undeleted'; readonly data: { readonly checkpointId: string } }
  | {
      readonly type: 'checkpoint-pinned';
      readonly data: { readonly checkpointId: string; readonly pinned: boolean };
    }
  /** It cannot be undeleted any more. */
  | { readonly type: 'checkpoint-reclaimed'; readonly data: { readonly checkpointId: string } }
  /** The project came to this machine, or its rows were made anew, from a checkpoint. */
  | {
      readonly type: 'project-arrived';
      readonly data: {
        readonly checkpointId: string;
        readonly why: 'import' | 'pull' | 'rebuild';
        readonly madeAt: string;
        readonly madeBy: string;
      };
    }
  | {
      readonly type: 'checkpoint-arrived';
      readonly data: { readonly checkpointId: string; readonly commit: string; readonly from: string };
    }
  | {
      readonly type: 'checkpoints-pushed';
      readonly data: { readonly checkpointIds: readonly string[]; readonly remote: string };
    }
  | { readonly type: 'repaired'; readonly data: { readonly subject: string; readonly what: string } }
  | {
      readonly type: 'restore-begun';
      readonly data: {
        readonly restoreId: string;
        readonly checkpointId: string;
        readonly only: readonly RestorePart[] | null;
      };
    }
  | {
      readonly type: 'restore-finished';
      readonly data: RestoreFigures & {
        readonly restoreId: string;
        readonly checkpointId: string;
        readonly safetyId: string | null;
      };
    }
  | {
      readonly type: 'restore-failed';
      readonly data: { readonly restoreId: string; readonly problem: string };
    }
  | {
      readonly type: 'restore-recovered';
      readonly data: { readonly restoreId: string; readonly how: 'finished' | 'rolled-back' };
    };

export type EventType = EventData['type'];

/** A stored event: `seq` counts from 1 without gaps in a project, so that a reader can go on where it stopped. */
export interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly actor: string;
  readonly type: EventType;
  readonly data: EventData['data'];
}
