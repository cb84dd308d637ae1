/** The parts that can be restored by themselves. */
export type RestorePart = 'code' | 'state' | 'context';

/**
 * A restore in the ledger. `undo` is a restore of the safety checkpoint of the restore or redo that it undoes, `redo` one
 * of the safety checkpoint of an undo. What can be undone and redone follows from these rows alone; see `undo.ts`.
 */
export interface RestoreRow {
  readonly id: string;
  readonly kind: 'restore' | 'undo' | 'redo';
  readonly checkpointId: string;
  /** What was there before; null until it is written. */
  readonly safetyId: string | null;
  /** Null: everything. */
  readonly only: readonly RestorePart[] | null;
  /** Files, directories and globs: no other path was touched. Null: every path. */
  readonly paths: readonly string[] | null;
  /** What it did to the user's repository; null when that was left alone. */
  readonly git: RestoredGit | null;
  readonly status: 'begun' | 'finished' | 'failed' | 'rolled-back';
  /** The restore that went back over this one: the undo of a restore, the redo of an undo. */
  readonly undoneBy: string | null;
  readonly requestedBy: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly figures: RestoreFigures | null;
  readonly problem: string | null;
}

export interface RestoreFigures {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
  readonly modes: number;
  readonly rows: number;
  readonly durationMs: number;
}

export interface RestoredGit {
  /** As `.git/HEAD` says it: `ref: refs/heads/main`, or a commit. */
  readonly head: { readonly from: string; readonly to: string };
  /** The refs that moved, with their objects; null: no such ref. */
  readonly refs: readonly MovedRef[];
  readonly index: boolean;
  /** `merge`, `rebase` …: what was in progress. */
  readonly operation: { readonly from: string | null; readonly to: string | null };
}

export interface MovedRef {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  /** The ref that keeps the commits alive that only `from` led to; null when there are none. */
  readonly keptAs: string | null;
}
