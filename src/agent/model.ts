/** A language model behind one port: real providers and recordings. */
export interface Model {
  /** What a user is shown, e.g. `anthropic:claude-sonnet-4-5` or `recorded model (demo/writer.ndjson)`. */
  readonly label: string;
  readonly recorded: boolean;
  /** Context window in tokens; null when not known. */
  readonly windowTokens: number | null;
  /**
   * One call. Waits out 429, 5xx and broken connections as the provider asks (retry-after), a bounded number of times.
   * Throws `model-refused` when that is of no use, and the signal's reason when it is aborted.
   */
  generate(request: ModelRequest): Promise<ModelReply>;
}

export interface ModelRequest {
  readonly instructions: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  readonly signal: AbortSignal;
  /** Called when a call has to wait before it is tried again. */
  readonly onWait?: (waitMs: number, problem: string) => void;
}

export type Message =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly parts: readonly AssistantPart[] }
  /** The results of all calls of the assistant message before it, in the order of the calls. */
  | { readonly role: 'tool'; readonly results: readonly CallResult[] };

/** `meta` is the provider's own (signatures and the like), given back as it came. */
export type AssistantPart =
  | { readonly type: 'text'; readonly text: string; readonly meta?: unknown }
  | { readonly type: 'reasoning'; readonly text: string; readonly meta?: unknown }
  | {
      readonly type: 'call';
      readonly callId: string;
      readonly tool: string;
      readonly input: unknown;
      readonly meta?: unknown;
    };

export interface CallResult {
  readonly callId: string;
  readonly tool: string;
  readonly text: string;
  readonly isError: boolean;
}

export interface ModelReply {
  readonly parts: readonly AssistantPart[];
  readonly finish: 'stop' | 'calls' | 'length' | 'filtered' | 'other';
  readonly usage: Usage;
  /** US dollars by the price table; null when the model is not in it. */
  readonly costUsd: number | null;
}

/** In the provider's own count. */
export interface Usage {
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  /** Of those, what the provider keeps for an hour, which costs more; left out where it says nothing of it. */
  readonly cacheWriteHourTokens?: number;
  readonly outputTokens: number;
}

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** Finds the model for `PROVIDER:MODEL`. Throws `unknown-model`, `missing-key` or `corrupt-recording`; makes no call. */
export type OpenModel = (request: {
  readonly agent: string;
  readonly model: string;
  readonly baseUrl?: string;
  readonly projectDir: string;
}) => Promise<Model>;
