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
  /** SIGTERM to its group. Nothing before it was started. */
  terminate(): void;
  /** How many of its tools run now, as far as it tells. */
  readonly toolsRunning: number;
  /** The question that waits for an answer because the agent is to stop. */
  readonly isAsking: boolean;
  /** Lets go of its pipes, after its processes are gone. May be called twice. */
  close(): void;
}

/** What an agent did that it should not have done; the text is for people. */
export class AgentProblem extends Error {}
