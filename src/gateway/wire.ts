import type { Usage } from '../agent/model.ts';
import type { WireProtocol } from './gateway.ts';
import type { Json } from './json.ts';

/** One protocol as an agent speaks it to its provider. Pure: nothing here knows of sockets. */
export interface Wire {
  readonly protocol: WireProtocol;
  /** Whose prices hold for its models, and the host that makes that certain. */
  readonly vendor: { readonly name: string; readonly host: string };
  /** What a request to this path is to this protocol; null: nothing of it. `path` is without the query. */
  recognise(method: string, path: string): CallKind | null;
  /** The model that a call asks for; null when it names none. */
  modelOf(body: Json, path: string): string | null;
  isStreamed(body: Json, path: string): boolean;
  /** The history in order. Never throws: what it does not know is a part of kind `other`. */
  read(body: Json): readonly WireMessage[];
  /** What the call sends besides the history: instructions and tools. */
  besides(body: Json): string;
  /** An event that every client takes, at any time of a stream, as nothing. */
  noOp(model: string): string;
  /** The body of an answer that refuses a call. */
  error(status: number, message: string): object;
  /** The same within a stream that has begun. */
  errorEvent(status: number, message: string): string;
  /** Found in every event of a stream that `learn` has something to take from; in others it may be, too. */
  readonly telling: RegExp;
  /** Takes one event of a stream, or the whole of an answer that is none, into what is known of the reply. */
  learn(known: ReplyFacts, event: Json): ReplyFacts;
}

/** `turn`: a call of the model, which is a step. `other`: a count of tokens, a list of models: passed on, not recorded. */
export type CallKind = 'turn' | 'other';

export interface WireMessage {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly parts: readonly WirePart[];
}

/** A piece of a history. */
export interface WirePart {
  /** `other`: pictures, signed reasoning, tools that the provider runs itself: never replaced. */
  readonly kind: 'user' | 'message' | 'reasoning' | 'call' | 'result' | 'other';
  readonly text: string;
  readonly tool?: string;
  readonly callId?: string;
  readonly isError?: boolean;
  /** Where another text can be put; null: nowhere. */
  readonly slot: Slot | null;
}

/** A place in a body. `text`: a string stands there. `json`: a value of which the part's text is the JSON. */
export interface Slot {
  readonly path: readonly (string | number)[];
  readonly as: 'text' | 'json';
}

/** What a reply tells of itself while it comes. */
export interface ReplyFacts {
  readonly usage: Usage | null;
  /** The tools that it calls. */
  readonly tools: readonly string[];
  /** The protocol's own end was seen. */
  readonly isEnded: boolean;
  /** What the provider reported, within a stream or as the answer. */
  readonly problem: string | null;
}

export const noFacts: ReplyFacts = { usage: null, tools: [], isEnded: false, problem: null };

/** An event of a stream as text. */
export function sse(data: object, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}
