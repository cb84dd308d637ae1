import type { Usage } from '../agent/model.ts';
import { count, field, isObject, list, text, word, type Json } from './json.ts';
import { textsOf } from './content.ts';
import { sse, type ReplyFacts, type Slot, type Wire, type WireMessage, type WirePart } from './wire.ts';

/** Anthropic's Messages (`POST /v1/messages`), streamed and not. */
export const anthropicMessages: Wire = {
  protocol: 'anthropic-messages',
  vendor: { name: 'anthropic', host: 'api.anthropic.com' },
  recognise(method, path) {
    if (method !== 'POST') return null;
    if (path.endsWith('/messages')) return 'turn';
    return path.endsWith('/messages/count_tokens') ? 'other' : null;
  },
  modelOf: (body) => text(field(body, 'model')),
  isStreamed: (body) => field(body, 'stream') === true,
  // Newer clients put instructions among the messages.
  read: (body) =>
    list(field(body, 'messages')).flatMap((message, index) =>
      isInstructions(message) ? [] : [messageOf(message, index)],
    ),
  besides: (body) =>
    JSON.stringify(field(body, 'system') ?? '') +
    JSON.stringify(list(field(body, 'messages')).filter(isInstructions)) +
    JSON.stringify(field(body, 'tools') ?? []),
  noOp: () => sse({ type: 'ping' }, 'ping'),
  error: errorOf,
  errorEvent: (status, message) => sse(errorOf(status, message), 'error'),
  telling: /"type":\s*"(?:message_|error)|"tool_use"|"error":/,
  learn,
};

function isInstructions(message: Json): boolean {
  return field(message, 'role') === 'system';
}

function messageOf(message: Json, index: number): WireMessage {
  const role = field(message, 'role') === 'assistant' ? 'assistant' : 'user';
  const said = role === 'user' ? 'user' : 'message';
  const content = field(message, 'content');
  const path = ['messages', index, 'content'];
  if (typeof content === 'string')
    return { role, parts: [{ kind: said, text: content, slot: { path, as: 'text' } }] };
  return { role, parts: list(content).map((block, at) => partOf(block, [...path, at], said)) };
}

function partOf(block: Json, path: Slot['path'], said: 'user' | 'message'): WirePart {
  switch (word(field(block, 'type'))) {
    case 'text':
      return {
        kind: said,
        text: text(field(block, 'text')) ?? '',
        slot: { path: [...path, 'text'], as: 'text' },
      };
    case 'tool_use':
      return {
        kind: 'call',
        text: JSON.stringify(field(block, 'input') ?? {}),
        tool: text(field(block, 'name')) ?? '',
        callId: text(field(block, 'id')) ?? '',
        slot: { path: [...path, 'input'], as: 'json' },
      };
    case 'tool_result':
      return {
        kind: 'result',
        ...textsOf(field(block, 'content'), [...path, 'content']),
        callId: text(field(block, 'tool_use_id')) ?? '',
        isError: field(block, 'is_error') === true,
      };
    case 'thinking':
      return { kind: 'reasoning', text: text(field(block, 'thinking')) ?? '', slot: null };
    default:
      return { kind: 'other', text: '', slot: null };
  }
}

function errorOf(status: number, message: string): object {
  return { type: 'error', error: { type: errorTypes[status] ?? 'api_error', message } };
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function learn(known: ReplyFacts, event: Json): ReplyFacts {
  switch (word(field(event, 'type'))) {
    case 'message_start':
      return { ...known, usage: usageOf(field(field(event, 'message'), 'usage'), known.usage) };
    case 'message_delta':
      return { ...known, usage: usageOf(field(event, 'usage'), known.usage) };
    case 'content_block_start':
      return { ...known, tools: [...known.tools, ...toolsOf([field(event, 'content_block')])] };
    case 'message_stop':
      return { ...known, isEnded: true };
    case 'message':
      return {
        usage: usageOf(field(event, 'usage'), known.usage),
        tools: toolsOf(list(field(event, 'content'))),
        isEnded: true,
        problem: known.problem,
      };
    case 'error':
      return { ...known, problem: problemIn(event) };
    default:
      return isObject(field(event, 'error')) ? { ...known, problem: problemIn(event) } : known;
  }
}

function problemIn(event: Json): string {
  return text(field(field(event, 'error'), 'message')) ?? 'an error without a message';
}

function toolsOf(blocks: readonly Json[]): readonly string[] {
  return blocks.flatMap((block) =>
    field(block, 'type') === 'tool_use' ? [text(field(block, 'name')) ?? '?'] : [],
  );
}

/** `input_tokens` are those outside the cache. What comes later in a stream holds, field by field. */
function usageOf(usage: Json, before: Usage | null): Usage | null {
  if (!isObject(usage)) return before;
  const cacheReadTokens = later(usage, 'cache_read_input_tokens', before?.cacheReadTokens);
  const cacheWriteTokens = later(usage, 'cache_creation_input_tokens', before?.cacheWriteTokens);
  const hour = later(
    field(usage, 'cache_creation'),
    'ephemeral_1h_input_tokens',
    before?.cacheWriteHourTokens,
  );
  const freshBefore =
    before === null ? 0 : before.inputTokens - before.cacheReadTokens - before.cacheWriteTokens;
  const fresh = later(usage, 'input_tokens', freshBefore);
  return {
    inputTokens: fresh + cacheReadTokens + cacheWriteTokens,
    cacheReadTokens,
    cacheWriteTokens,
    ...(hour > 0 ? { cacheWriteHourTokens: Math.min(hour, cacheWriteTokens) } : {}),
    outputTokens: later(usage, 'output_tokens', before?.outputTokens),
  };
}

function later(usage: Json, key: string, before = 0): number {
  return typeof field(usage, key) === 'number' ? count(field(usage, key)) : before;
}
