/**
 * One model call, one tool call, or one run of a program: written down before it starts and when it ends (S1).
 *
 *   started ──▶ completed | failed | interrupted (cut, or its runner died: the outcome is unknown)
 *
 * A result that comes after `interrupted` was recorded goes to `lateOutcome` and is never used (S2).
 */
export interface StepRow {
  readonly id: string;
  readonly agent: string;
  /** Counts the agent's steps from 1. */
  readonly seq: number;
  readonly taskId: number;
  /** Of the owner under which it started. */
  readonly epoch: number;
  readonly kind: 'model' | 'tool' | 'run';
  /** The model's label, the tool's name, or the program. */
  readonly name: string;
  /** Tool steps: the id by which the model asked for it. */
  readonly callId: string | null;
  /** Tool steps: the model step that asked for it. */
  readonly parentId: string | null;
  readonly effect: StepEffect;
  readonly status: StepStatus;
  readonly intent: StepIntent;
  readonly outcome: StepOutcome | null;
  readonly lateOutcome: StepOutcome | null;
  /** The interrupted step that this one does again: every repeat is flagged. */
  readonly repeats: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export type StepStatus = 'started' | 'completed' | 'failed' | 'interrupted';

/**
 * What a second run of the same step would do. `pure`: nothing. `idempotent`: the same again.
 * `keyed`: nothing, because its key is checked. `unsafe`: unknown, so it is never repeated by itself.
 */
export type StepEffect = 'pure' | 'idempotent' | 'keyed' | 'unsafe';

/** What is about to be done. Kept small: a prompt is named by its items, not copied. */
export interface StepIntent {
  readonly summary: string;
  readonly input?: unknown;
}

export interface StepOutcome {
  readonly summary: string;
  readonly isError: boolean;
}
