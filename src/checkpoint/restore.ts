/** The parts that can be restored by themselves. */
export type RestorePart = 'code' | 'state' | 'context';

/** A restore in the ledger. `undo` is a restore of the safety checkpoint of the restore that it undoes. */
export interface RestoreRow {
  readonly id: string;
  readonly kind: 'restore' | 'undo';
  readonly checkpointId: string;
  /** What was there before; null until it is written. */
  readonly safetyId: string | null;
  /** Null: everything. */
  readonly only: readonly RestorePart[] | null;
  readonly status: 'begun' | 'finished' | 'failed' | 'rolled-back';
  /** The restore that undid this one. */
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
