import type { Usage } from '../agent/model.ts';
import { textsOf } from './content.ts';
import { count, field, isObject, list, text, type Json } from './json.ts';
import { sse, type ReplyFacts, type Slot, type Wire, type WireMessage, type WirePart } from './wire.ts';

/** OpenAI's Responses. */
export const openaiResponses: Wire = {
  protocol: 'openai-responses',
  vendor: { name: 'openai', host: 'api.openai.com' },
  recognise: recogniseResponses,
  modelOf: (body) => text(field(body, 'model')),
  isStreamed: (body) => field(body, 'stream') === true,
  read(body) {
    const input = field(body, 'input');
    if (typeof input === 'string')
      return [
        { role: 'user', parts: [{ kind: 'user', text: input, slot: { path: ['input'], as: 'text' } }] },
      ];
    return list(input).flatMap((item, index) => itemOf(item, ['input', index]));
  },
  besides: (body) =>
    JSON.stringify(field(body, 'instructions') ?? '') +
    JSON.stringify(list(field(body, 'input')).filter(isInstructions)) +
    JSON.stringify(field(body, 'tools') ?? []),
  noOp: (model) =>
    sse(
      {
        type: 'response.in_progress',
        sequence_number: 0,
        response: {
          id: 'resp_held',
          object: 'response',
          created_at: 0,
          status: 'in_progress',
          model,
          output: [],
        },
      },
      'response.in_progress',
    ),
  error: errorOf,
  errorEvent: (status, message) =>
    sse(
      {
        type: 'response.failed',
        sequence_number: 0,
        response: {
          id: 'resp_held',
          object: 'response',
          created_at: 0,
          status: 'failed',
          error: { code: status === 429 ? 'rate_limit_exceeded' : 'server_error', message },
          output: [],
        },
      },
      'response.failed',
    ),
  telling: /"response\.(?:completed|incomplete|failed|output_item\.done)"|"error"/,
  learn,
};

function recogniseResponses(method: string, path: string): 'turn' | 'other' | null {
  if (method === 'POST' && path.endsWith('/responses')) return 'turn';
  return /\/responses\/[^/]+/.test(path) ? 'other' : null;
}

function isInstructions(item: Json): boolean {
  const role = field(item, 'role');
  return role === 'system' || role === 'developer';
}

function itemOf(item: Json, path: Slot['path']): readonly WireMessage[] {
  const type = text(field(item, 'type')) ?? 'message';
  if (type === 'message') return isInstructions(item) ? [] : [messageOf(item, path)];
  if (type.endsWith('_call_output')) return [{ role: 'tool', parts: [outputOf(item, path)] }];
  if (type.endsWith('_call')) return [{ role: 'assistant', parts: [callOf(item, path)] }];
  if (type === 'reasoning')
    return [{ role: 'assistant', parts: [{ kind: 'reasoning', text: summaryOf(item), slot: null }] }];
  return [{ role: 'assistant', parts: [{ kind: 'other', text: '', slot: null }] }];
}

function messageOf(item: Json, path: Slot['path']): WireMessage {
  const role = field(item, 'role') === 'assistant' ? 'assistant' : 'user';
  const kind = role === 'user' ? 'user' : 'message';
  const content = field(item, 'content');
  const at = [...path, 'content'];
  if (typeof content === 'string')
    return { role, parts: [{ kind, text: content, slot: { path: at, as: 'text' } }] };
  const parts = list(content).map((piece, index): WirePart => {
    const said = text(field(piece, 'text'));
    if (said === null) return { kind: 'other', text: '', slot: null };
    return { kind, text: said, slot: { path: [...at, index, 'text'], as: 'text' } };
  });
  return { role, parts };
}

/** `function_call` and `custom_tool_call`; what the provider runs itself (a web search) has no call id, and no result. */
function callOf(item: Json, path: Slot['path']): WirePart {
  const callId = text(field(item, 'call_id'));
  if (callId === null) return { kind: 'other', text: '', slot: null };
  const key = ['arguments', 'input'].find((name) => text(field(item, name)) !== null);
  const tool = text(field(item, 'name')) ?? text(field(item, 'type')) ?? '';
  if (key === undefined)
    return { kind: 'call', text: JSON.stringify(field(item, 'action') ?? {}), tool, callId, slot: null };
  return {
    kind: 'call',
    text: text(field(item, key)) ?? '',
    tool,
    callId,
    slot: { path: [...path, key], as: 'text' },
  };
}

function outputOf(item: Json, path: Slot['path']): WirePart {
  return {
    kind: 'result',
    ...textsOf(field(item, 'output'), [...path, 'output']),
    callId: text(field(item, 'call_id')) ?? '',
  };
}

function summaryOf(item: Json): string {
  return list(field(item, 'summary'))
    .map((piece) => text(field(piece, 'text')) ?? '')
    .join('\n');
}

function errorOf(status: number, message: string): object {
  return {
    error: {
      message,
      type: status < 500 ? 'invalid_request_error' : 'server_error',
      param: null,
      code: String(status),
    },
  };
}

function learn(known: ReplyFacts, event: Json): ReplyFacts {
  const type = text(field(event, 'type')) ?? '';
  if (type === 'response.output_item.done') {
    const tools = toolsOf([field(event, 'item')]);
    return tools.length === 0 ? known : { ...known, tools: [...known.tools, ...tools] };
  }
  if (type === 'response.completed' || type === 'response.incomplete')
    return { ...known, usage: usageOf(field(event, 'response')) ?? known.usage, isEnded: true };
  // What failed half way was paid for.
  if (type === 'response.failed' || type === 'error' || isObject(field(event, 'error')))
    return { ...known, usage: usageOf(field(event, 'response')) ?? known.usage, problem: problemIn(event) };
  if (field(event, 'object') !== 'response') return known;
  return { ...known, usage: usageOf(event), tools: toolsOf(list(field(event, 'output'))), isEnded: true };
}

function problemIn(event: Json): string {
  const error = field(field(event, 'response'), 'error') ?? field(event, 'error') ?? event;
  return text(field(error, 'message')) ?? 'an error without a message';
}

function toolsOf(items: readonly Json[]): readonly string[] {
  return items.flatMap((item) =>
    text(field(item, 'call_id')) === null
      ? []
      : [text(field(item, 'name')) ?? text(field(item, 'type')) ?? '?'],
  );
}

function usageOf(response: Json): Usage | null {
  const usage = field(response, 'usage');
  if (!isObject(usage)) return null;
  return {
    inputTokens: count(field(usage, 'input_tokens')),
    cacheReadTokens: count(field(field(usage, 'input_tokens_details'), 'cached_tokens')),
    cacheWriteTokens: 0,
    outputTokens: count(field(usage, 'output_tokens')),
  };
}
