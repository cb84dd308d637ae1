/** How a turn of an agent ended. */
export type TurnEnd =
  | { readonly kind: 'ended'; readonly said: string }
  /** It was told to, or its turn was cancelled some other way. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: string };

/** A way to talk to an agent: the Agent Client Protocol, or its command line. One for each run. */
export interface AgentClient {
  /**
   * Begins a session, or goes on with one. `lost`: why that could not be loaded; then a new one was begun. Rejects with
   * `AgentProblem` when the agent cannot be talked to.
   */
  open(
    sessionId: string | null,
  ): Promise<{ readonly sessionId: string | null; readonly lost: string | null }>;
  /** One turn, to its end. Rejects with `AgentProblem` when the agent ends before. */
  prompt(text: string): Promise<TurnEnd>;
  /** Asks for the end of the turn. Nothing when there is none. */
  cancel(): void;
  /** Ends its input: there is no more to do. Nothing before it was started. */
  leave(): void;
  /** SIGTERM to its group. Nothing before it was started. */
  terminate(): void;
  /** How many tool calls it has begun and not ended, as far as it tells; one that waits for a permission does not count. */
  readonly toolsRunning: number;
  /** Whether a question of it about a permission waits for its answer. */
  readonly isAsking: boolean;
  /** Lets go of its pipes, after its processes are gone. May be called twice. */
  close(): void;
}

/** What an agent did that it should not have done; the text is for people. */
export class AgentProblem extends Error {}
