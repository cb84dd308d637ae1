/** One piece of an agent's memory. `text` is always whole; `promptText` is what the prompt shows once it was archived. */
export interface ContextItemRow {
  readonly id: string;
  readonly agent: string;
  /** Order in the memory, from 1. */
  readonly seq: number;
  readonly taskId: number | null;
  readonly stepId: string | null;
  readonly kind: ItemKind;
  readonly tool: string | null;
  readonly path: string | null;
  readonly callId: string | null;
  readonly isError: boolean;
  /** Of calls. */
  readonly input: unknown;
  readonly text: string;
  /** What the prompt shows instead of `text`: a stub, or what is left of it; null: the whole text. */
  readonly promptText: string | null;
  /** The provider's own data of this piece, given back as it came. */
  readonly meta: unknown;
  /** Of `text` and of what the prompt shows, by `tokenMethod`. */
  readonly tokens: number;
  readonly promptTokens: number;
  readonly tokenMethod: string;
  /** 0 to 1. */
  readonly importance: number;
  readonly tier: Tier;
  readonly pinned: boolean;
  readonly accessCount: number;
  /** The agent's step count when it was made, and when it was last used. */
  readonly step: number;
  readonly lastUsedStep: number;
  readonly createdAt: number;
}

/** HOT: always in the prompt. WARM: in the prompt while there is room. COLD: archived, one recall away. */
export type Tier = 'HOT' | 'WARM' | 'COLD';

/**
 * `instructions`, `task`, `user` (said by a person or by codeframe), `message` and `reasoning` (said by the model),
 * `call` and `result` (a tool's), `decision`, `summary`.
 */
export type ItemKind =
  | 'instructions'
  | 'task'
  | 'user'
  | 'message'
  | 'reasoning'
  | 'call'
  | 'result'
  | 'decision'
  | 'summary';

/** What a driver gives when it adds to the memory; the rest is filled in when it is stored. */
export interface NewItem {
  readonly kind: ItemKind;
  readonly text: string;
  readonly tool?: string;
  readonly path?: string;
  readonly callId?: string;
  readonly isError?: boolean;
  readonly input?: unknown;
  readonly meta?: unknown;
  /** Stays whole in the prompt. */
  readonly pinned?: boolean;
}
