import type { AssistantPart, CallResult, Message, Usage } from '../../../src/agent/model.ts';

/** One reply of a scripted model. */
export interface ScriptTurn {
  readonly text?: string;
  readonly reasoning?: string;
  readonly calls?: readonly { readonly tool: string; readonly input: unknown }[];
  /** Sent as the input of a call as it is, also when it is no JSON. */
  readonly rawInput?: string;
  readonly usage?: Usage;
  /** Ends as if the model had reached its length limit. */
  readonly length?: boolean;
}

/** A wire protocol, as its provider speaks it. */
export interface Wire {
  readonly name: string;
  /** Whether a request to this path is one of this protocol. */
  readonly path: RegExp;
  /** What the address of a server has after its origin. */
  readonly base: string;
  /** The header that carries the key, and how. */
  readonly key: (headers: Readonly<Record<string, unknown>>) => unknown;
  /** The history of a request. Throws `BadRequest` for what the provider would refuse. */
  read(body: Json): readonly Message[];
  /** The events of a reply, in order. `turn` counts from 1. */
  write(turn: ScriptTurn, number: number): readonly string[];
  error(status: number, message: string): object;
}

/** Parsed JSON of any kind, read by the checks below. */
export type Json =
  | { readonly [key: string]: Json }
  | readonly Json[]
  | string
  | number
  | boolean
  | null
  | undefined;

export class BadRequest extends Error {}

export const someUsage: Usage = {
  inputTokens: 100,
  cacheReadTokens: 40,
  cacheWriteTokens: 0,
  outputTokens: 7,
};

export function list(value: Json, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw new BadRequest(`${what} is not a list`);
  return value as readonly Json[];
}

export function field(value: Json, key: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [name: string]: Json })[key];
}

/** A field that is one of some words; empty when it is none. */
export function word(value: Json, key: string): string {
  const found = field(value, key);
  return typeof found === 'string' ? found : '';
}

export function text(value: Json, what: string): string {
  if (typeof value !== 'string') throw new BadRequest(`${what} is not a string`);
  return value;
}

export function json(value: string, what: string): Json {
  try {
    return JSON.parse(value) as Json;
  } catch {
    throw new BadRequest(`${what} is not JSON: ${value}`);
  }
}

/** Puts pieces of a flat history together: what the assistant says in a row is one message, and so are results. */
export class History {
  readonly messages: Message[] = [];

  user(said: string): void {
    const last = this.messages.at(-1);
    if (last?.role === 'user') throw new BadRequest('two user messages in a row');
    this.messages.push({ role: 'user', text: said });
  }

  assistant(part: AssistantPart): void {
    const last = this.messages.at(-1);
    if (last?.role === 'assistant')
      this.messages[this.messages.length - 1] = { role: 'assistant', parts: [...last.parts, part] };
    else this.messages.push({ role: 'assistant', parts: [part] });
  }

  result(result: CallResult): void {
    const last = this.messages.at(-1);
    if (last?.role === 'tool')
      this.messages[this.messages.length - 1] = { role: 'tool', results: [...last.results, result] };
    else this.messages.push({ role: 'tool', results: [result] });
  }
}

export function sse(data: object, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Halves, so that no reader may think that a piece comes whole. */
export function halves(whole: string): readonly string[] {
  const middle = Math.floor(whole.length / 2);
  return [whole.slice(0, middle), whole.slice(middle)];
}

export interface ScriptCall {
  readonly id: string;
  readonly tool: string;
  readonly json: string;
}

/** The calls of a turn with ids as this provider makes them. */
export function callsOf(turn: ScriptTurn, idOf: (n: number) => string): readonly ScriptCall[] {
  const calls = (turn.calls ?? []).map(({ tool, input }) => ({ tool, json: JSON.stringify(input) }));
  const raw = turn.rawInput === undefined ? [] : [{ tool: 'read_file', json: turn.rawInput }];
  return [...calls, ...raw].map((call, index) => ({ ...call, id: idOf(index + 1) }));
}
