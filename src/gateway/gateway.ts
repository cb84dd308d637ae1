import type { AgentSession } from '../agent/session.ts';

/** The four protocols that agents speak to their providers. */
export type WireProtocol = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'gemini';

/** Where an agent's calls go on to. */
export interface Provider {
  readonly protocol: WireProtocol;
  /**
   * e.g. `https://api.anthropic.com`; the path of the call is appended as the agent sent it. `recorded:FILE`: the turns of
   * a file (relative to the project) are the model's replies, in whichever protocol.
   */
  readonly baseUrl: string;
  /** Calls are answered from a recording; whatever is shown of them says so. */
  readonly recorded: boolean;
}

/** codeframe's model server on loopback. It listens in the runner's process, from the first line on. */
export interface Gateway extends AsyncDisposable {
  /**
   * Opens a secret address for one agent at work; a second one for the same agent takes the first one's place. Throws
   * `unknown-model` or `corrupt-recording` when a recording cannot be read.
   */
  open(seat: GatewaySeat): Promise<GatewayLine>;
}

/** Who calls through an address. */
export interface GatewaySeat {
  readonly agent: string;
  /** Each call is a step of it: the intent before, the outcome, usage and items after. */
  readonly session: AgentSession;
  /** One for each protocol that the agent may speak; a call in another one is refused with a clear error. */
  readonly providers: readonly Provider[];
}

/** An agent's own way to its providers. */
export interface GatewayLine extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/<secret>`, without a slash at the end: the agent appends `/v1/messages` and the like. */
  readonly baseUrl: string;
  /** The MCP server of this agent (streamable HTTP): recall, remember, checkpoint, ask_human, task_done. */
  readonly mcpUrl: string;
  /**
   * Calls that come from now on wait: headers at once, the protocol's no-op every 10 s. What is in flight goes on.
   * May be called twice.
   */
  hold(): void;
  /** Lets what waits go on. */
  release(): void;
  /**
   * Ends what is in flight and what waits, and breaks the connection of whatever comes, until a `hold` or a `release`.
   */
  cut(): void;
  /** How many calls are being answered now; those that are held do not count. */
  inFlight(): number;
  /** How many wait. */
  held(): number;
  /** Resolves when nothing is in flight, or when the signal aborts. */
  idle(signal: AbortSignal): Promise<void>;
  /** What the agent told by `task_done`; null until it did. */
  readonly done: { readonly summary: string } | null;
  /** What the last call of the model failed with; null when it did not, or there was none. */
  readonly problem: string | null;
  /** The blocker that the agent's `ask_human` opened in this run and that is not answered yet. */
  readonly asked: string | null;
}
