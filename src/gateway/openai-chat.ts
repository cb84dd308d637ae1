import type { Usage } from '../agent/model.ts';
import { textsOf } from './content.ts';
import { count, field, isObject, list, text, word, type Json } from './json.ts';
import { sse, type ReplyFacts, type Slot, type Wire, type WireMessage, type WirePart } from './wire.ts';

/** OpenAI's Chat Completions, as many servers speak it. */
export const openaiChat: Wire = {
  protocol: 'openai-chat',
  vendor: { name: 'openai', host: 'api.openai.com' },
  recognise: (method, path) => (method === 'POST' && path.endsWith('/chat/completions') ? 'turn' : null),
  modelOf: (body) => text(field(body, 'model')),
  isStreamed: (body) => field(body, 'stream') === true,
  read: (body) =>
    list(field(body, 'messages')).flatMap((message, index) =>
      isInstructions(message) ? [] : [messageOf(message, ['messages', index])],
    ),
  besides: (body) =>
    JSON.stringify(list(field(body, 'messages')).filter(isInstructions)) +
    JSON.stringify(field(body, 'tools') ?? []),
  noOp: (model) =>
    sse({
      id: 'chatcmpl-held',
      object: 'chat.completion.chunk',
      created: 0,
      model,
      choices: [{ index: 0, delta: {}, finish_reason: null }],
    }),
  error: errorOf,
  errorEvent: (status, message) => sse(errorOf(status, message)),
  telling: /"usage":\s*\{|"finish_reason":\s*"|"name":|"error":/,
  learn,
};

function isInstructions(message: Json): boolean {
  return field(message, 'role') === 'system' || field(message, 'role') === 'developer';
}

function messageOf(message: Json, path: Slot['path']): WireMessage {
  const content = [...path, 'content'];
  switch (word(field(message, 'role'))) {
    case 'assistant':
      return { role: 'assistant', parts: [...saidIn(message, content), ...callsIn(message, path)] };
    case 'tool':
      return {
        role: 'tool',
        parts: [
          {
            kind: 'result',
            ...textsOf(field(message, 'content'), content),
            callId: text(field(message, 'tool_call_id')) ?? '',
          },
        ],
      };
    default:
      return { role: 'user', parts: piecesOf(field(message, 'content'), content, 'user') };
  }
}

function saidIn(message: Json, path: Slot['path']): readonly WirePart[] {
  return piecesOf(field(message, 'content'), path, 'message');
}

function piecesOf(content: Json, path: Slot['path'], kind: 'user' | 'message'): readonly WirePart[] {
  if (typeof content === 'string')
    return content === '' ? [] : [{ kind, text: content, slot: { path, as: 'text' } }];
  return list(content).map((piece, at) => {
    const said = text(field(piece, 'text'));
    if (said === null) return { kind: 'other', text: '', slot: null };
    return { kind, text: said, slot: { path: [...path, at, 'text'], as: 'text' } };
  });
}

function callsIn(message: Json, path: Slot['path']): readonly WirePart[] {
  return list(field(message, 'tool_calls')).map((call, at) => {
    const custom = field(call, 'custom');
    const made = isObject(custom) ? custom : field(call, 'function');
    const [holder, key] = isObject(custom) ? ['custom', 'input'] : ['function', 'arguments'];
    return {
      kind: 'call',
      text: text(field(made, key)) ?? '',
      tool: text(field(made, 'name')) ?? '',
      callId: text(field(call, 'id')) ?? '',
      slot: { path: [...path, 'tool_calls', at, holder, key], as: 'text' },
    };
  });
}

function errorOf(status: number, message: string): object {
  return {
    error: {
      message,
      type: status < 500 ? 'invalid_request_error' : 'server_error',
      param: null,
      code: status,
    },
  };
}

function learn(known: ReplyFacts, event: Json): ReplyFacts {
  const problem = field(event, 'error');
  if (isObject(problem) || typeof problem === 'string')
    return {
      ...known,
      problem: text(field(problem, 'message')) ?? text(problem) ?? 'an error without a message',
    };
  const choices = list(field(event, 'choices'));
  const tools = choices.flatMap((choice) => toolsOf(field(choice, 'delta') ?? field(choice, 'message')));
  const ended = choices.some((choice) => text(field(choice, 'finish_reason')) !== null);
  return {
    ...known,
    usage: usageOf(field(event, 'usage')) ?? known.usage,
    tools: tools.length === 0 ? known.tools : [...known.tools, ...tools],
    isEnded: known.isEnded || ended,
  };
}

/** The name comes with the first piece of a call alone. */
function toolsOf(delta: Json): readonly string[] {
  return list(field(delta, 'tool_calls')).flatMap((call) => {
    const name = text(field(field(call, 'function'), 'name')) ?? text(field(field(call, 'custom'), 'name'));
    return name === null || name === '' ? [] : [name];
  });
}

function usageOf(usage: Json): Usage | null {
  if (!isObject(usage)) return null;
  return {
    inputTokens: count(field(usage, 'prompt_tokens')),
    cacheReadTokens: count(field(field(usage, 'prompt_tokens_details'), 'cached_tokens')),
    cacheWriteTokens: 0,
    outputTokens: count(field(usage, 'completion_tokens')),
  };
}
