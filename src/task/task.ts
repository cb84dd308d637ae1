/** A unit of work. Ids count from 1 and are never used twice, also not after a restore. */
export interface TaskRow {
  readonly id: number;
  readonly title: string;
  readonly details: string;
  /** The agent that it is for; null: any. */
  readonly agent: string | null;
  /** Tasks that must be done first. */
  readonly after: readonly number[];
  /** Always `state.kind`. */
  readonly status: TaskStatus;
  readonly state: TaskState;
  readonly attempts: number;
  readonly createdAt: number;
}

/**
 *   pending ──▶ running ──▶ done | failed
 *                 │  ▲
 *                 ▼  │ (resume, answer)
 *            held, waiting          failed, cancelled, held ──retry──▶ pending
 *
 * `held`: begun, stopped by a pause or a lost runner, to be continued by the same agent before anything else.
 * With a `summary` the agent has done its part, in a worktree: what is left is to merge it, and the agent is not asked again.
 */
export type TaskState =
  | { readonly kind: 'pending' }
  | { readonly kind: 'running'; readonly agent: string; readonly since: number }
  | { readonly kind: 'held'; readonly agent: string; readonly since: number; readonly summary?: string }
  | {
      readonly kind: 'waiting';
      readonly agent: string;
      readonly since: number;
      readonly blockerId: string;
      readonly summary?: string;
    }
  | { readonly kind: 'done'; readonly agent: string; readonly at: number; readonly summary: string }
  | { readonly kind: 'failed'; readonly agent: string; readonly at: number; readonly problem: string }
  | { readonly kind: 'cancelled'; readonly at: number };

export type TaskStatus = TaskState['kind'];

/** What its agent said at the end of its part, where only the merge is left; null for any other. */
export function finishedSummary({ state }: TaskRow): string | null {
  return state.kind === 'held' || state.kind === 'waiting' ? (state.summary ?? null) : null;
}
