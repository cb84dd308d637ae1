import type { StopReport } from '../agent/driver.ts';

/** A pause that was asked for. Its row is there before anything stops, and keeps the result for whoever asks again (P3). */
export interface PauseRow {
  readonly id: string;
  readonly reason: string | null;
  readonly requestedBy: string;
  readonly requestedAt: number;
  /** How long agents may finish their step, in ms. */
  readonly graceMs: number;
  readonly status: 'requested' | 'finished' | 'failed';
  readonly checkpointId: string | null;
  /** What is known before the checkpoint is written; a pause whose process died after it is completed from this. */
  readonly draft: PauseDraft | null;
  readonly result: PauseResult | null;
  readonly problem: string | null;
  readonly endedAt: number | null;
}

/** What a pause did; the same names in `pause --json`. Times in ms, token counts by the method of each item. */
export interface PauseResult {
  readonly success: true;
  readonly pauseId: string;
  readonly checkpointId: string;
  /** The checkpoint's commit in the project's store. */
  readonly commit: string;
  readonly reason: string | null;
  /** Tokens of all agents' prompts before and after the flash save; a recount gives the same. */
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  /** 0 to 100, of tokensBefore; 0 when there was nothing. */
  readonly reductionPercentage: number;
  readonly itemsArchived: number;
  readonly flashSaveFailures: readonly { readonly agent: string; readonly problem: string }[];
  readonly agents: readonly PausedAgent[];
  readonly durationMs: number;
  /** What the pause took at most, by its grace and the deadlines after it. */
  readonly boundMs: number;
  readonly phasesMs: { readonly stop: number; readonly flashSave: number; readonly checkpoint: number };
  /** ISO 8601. */
  readonly pausedAt: string;
}

/** The result without what only the checkpoint and the end of the pause give. */
export type PauseDraft = Omit<PauseResult, 'success' | 'checkpointId' | 'commit' | 'durationMs' | 'pausedAt'>;

export interface PausedAgent extends StopReport {
  readonly name: string;
  /** The task that it was at, which it takes up again. */
  readonly taskId: number | null;
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly itemsArchived: number;
}

export const defaultGraceMs = 30_000;
/** After the grace: abort and SIGTERM, then this long until SIGKILL. */
export const terminateMs = 2_000;
/** After SIGKILL: this long until a process that is still there makes the pause fail. */
export const killMs = 3_000;
