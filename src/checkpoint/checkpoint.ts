import type { ProcessIdentity } from '../project/lease.ts';

/** Why a checkpoint was made. */
export type Trigger = (typeof triggers)[number];

export const triggers = ['pause', 'manual', 'safety', 'interval', 'task-done', 'risky-command'] as const;

/** Whether nobody asked for it: only such a one may believe the change feed (docs/decisions/0005). */
export function isAutomatic(trigger: Trigger): boolean {
  return trigger === 'interval' || trigger === 'task-done' || trigger === 'risky-command';
}

/** A checkpoint as the ledger knows it; its content is in the project's store, under `refs/checkpoints/<id>`. */
export interface CheckpointRow {
  readonly id: string;
  readonly name: string | null;
  readonly trigger: Trigger;
  readonly reason: string | null;
  readonly createdBy: string;
  /** The checkpoint before it, or the one that was restored before it. */
  readonly parentId: string | null;
  readonly pauseId: string | null;
  readonly commit: string;
  readonly createdAt: number;
  readonly durationMs: number;
  readonly files: number;
  readonly bytes: number;
  /** How many paths are not covered; the manifest lists them. */
  readonly uncovered: number;
  /** Tokens in the agents' prompts. */
  readonly tokens: number;
  /** How long agents at work were held for it, in ms; null when none worked. */
  readonly heldMs: number | null;
  /** Since when it is never deleted by a rule; null: it is not pinned. */
  readonly pinnedAt: number | null;
  /** Since when it is in no list; null: it is not deleted. Until its space is reclaimed it can be undeleted. */
  readonly deletedAt: number | null;
  /** Its space is being reclaimed, or its process died at that: there is no way back. */
  readonly reclaimedAt: number | null;
}

/** A checkpoint that another process asks the runner for: only the runner can hold its agents for a consistent cut. */
export interface CheckpointRequestRow {
  readonly id: string;
  readonly name: string | null;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly requestedAt: number;
  /** The process that waits for it: when it has died, nobody wants it any more. Null in rows of before schema 3. */
  readonly requester: ProcessIdentity | null;
  readonly status: 'requested' | 'finished' | 'failed';
  readonly checkpointId: string | null;
  /** How long the agents were held. */
  readonly heldMs: number | null;
  readonly problem: string | null;
  readonly endedAt: number | null;
}

/** The columns of a checkpoint that a list shows. */
export const listedColumns = [
  'id',
  'name',
  'trigger',
  'reason',
  'createdAt',
  'files',
  'bytes',
  'tokens',
  'pinnedAt',
] as const satisfies readonly (keyof CheckpointRow)[];

/** A checkpoint as a list shows it. */
export type ListedCheckpoint = Pick<CheckpointRow, (typeof listedColumns)[number]>;
