import type { Usage } from '../agent/model.ts';
import { count, field, isObject, list, text, type Json } from './json.ts';
import { sse, type ReplyFacts, type Slot, type Wire, type WireMessage, type WirePart } from './wire.ts';

/** Google's generateContent. */
export const gemini: Wire = {
  protocol: 'gemini',
  vendor: { name: 'google', host: 'generativelanguage.googleapis.com' },
  recognise(method, path) {
    if (method === 'POST' && /:(?:streamG|g)enerateContent$/.test(path)) return 'turn';
    return /\/models\/[^/]+:\w+$/.test(path) ? 'other' : null;
  },
  modelOf: (_body, path) => /\/models\/([^/:]+):/.exec(path)?.[1] ?? null,
  // Without `alt=sse` it is one list, which has no place for a no-op.
  isStreamed: (_body, path) => /:streamGenerateContent\?(?:.*&)?alt=sse/.test(path),
  read: readHistory,
  besides: (body) =>
    JSON.stringify(field(body, 'systemInstruction') ?? field(body, 'system_instruction') ?? '') +
    JSON.stringify(field(body, 'tools') ?? []),
  noOp: () => sse({ candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, index: 0 }] }),
  error: errorOf,
  errorEvent: (status, message) => sse(errorOf(status, message)),
  telling: /./,
  learn,
};

/** Calls have no ids of their own in many clients: then a result belongs to the first open call of its tool. */
function readHistory(body: Json): readonly WireMessage[] {
  const open: { readonly tool: string; readonly callId: string }[] = [];
  let calls = 0;
  const idOf = (part: WirePart): WirePart => {
    if (part.kind === 'call') {
      calls += 1;
      const callId = part.callId === '' ? `${part.tool}-${calls}` : (part.callId ?? '');
      open.push({ tool: part.tool ?? '', callId });
      return { ...part, callId };
    }
    if (part.kind !== 'result') return part;
    const at = open.findIndex((call) =>
      part.callId === '' ? call.tool === part.tool : call.callId === part.callId,
    );
    const [call] = at < 0 ? [] : open.splice(at, 1);
    return { ...part, callId: call?.callId ?? part.callId ?? '' };
  };
  return list(field(body, 'contents')).map((content, index) => {
    const role = field(content, 'role') === 'model' ? 'assistant' : 'user';
    const path = ['contents', index, 'parts'];
    const parts = list(field(content, 'parts')).map((part, at) => idOf(partOf(part, [...path, at], role)));
    return { role, parts };
  });
}

function partOf(part: Json, path: Slot['path'], role: 'user' | 'assistant'): WirePart {
  const call = field(part, 'functionCall');
  if (isObject(call)) return callOf(part, path);
  const response = field(part, 'functionResponse');
  if (isObject(response)) return resultOf(response, [...path, 'functionResponse', 'response']);
  const said = text(field(part, 'text'));
  if (said === null) return { kind: 'other', text: '', slot: null };
  if (field(part, 'thought') === true) return { kind: 'reasoning', text: said, slot: null };
  const isSigned = field(part, 'thoughtSignature') !== undefined;
  const slot: Slot = { path: [...path, 'text'], as: 'text' };
  return { kind: role === 'user' ? 'user' : 'message', text: said, slot: isSigned ? null : slot };
}

/** What carries a signature is given back as it was. */
function callOf(part: Json, path: Slot['path']): WirePart {
  const call = field(part, 'functionCall');
  const isSigned = field(part, 'thoughtSignature') !== undefined;
  return {
    kind: 'call',
    text: JSON.stringify(field(call, 'args') ?? {}),
    tool: text(field(call, 'name')) ?? '',
    callId: text(field(call, 'id')) ?? '',
    slot:
      isSigned || !isObject(field(call, 'args'))
        ? null
        : { path: [...path, 'functionCall', 'args'], as: 'json' },
  };
}

/** The one text in a response, whatever its field is called; anything else is its JSON and stays. */
function resultOf(response: Json, path: Slot['path']): WirePart {
  const value = field(response, 'response');
  const fields = isObject(value) ? Object.entries(value) : [];
  const [only] = fields;
  const said = fields.length === 1 && only !== undefined ? text(only[1]) : null;
  return {
    kind: 'result',
    text: said ?? JSON.stringify(value ?? {}),
    tool: text(field(response, 'name')) ?? '',
    callId: text(field(response, 'id')) ?? '',
    isError: isObject(value) && 'error' in value,
    slot: said === null || only === undefined ? null : { path: [...path, only[0]], as: 'text' },
  };
}

function errorOf(status: number, message: string): object {
  return {
    error: {
      code: status,
      message,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : status < 500 ? 'INVALID_ARGUMENT' : 'UNAVAILABLE',
    },
  };
}

function learn(known: ReplyFacts, event: Json): ReplyFacts {
  // Without `alt=sse` a stream is one list.
  if (Array.isArray(event)) return list(event).reduce<ReplyFacts>(learn, known);
  const problem = field(event, 'error');
  if (isObject(problem))
    return { ...known, problem: text(field(problem, 'message')) ?? 'an error without a message' };
  const candidates = list(field(event, 'candidates'));
  const tools = candidates
    .flatMap((candidate) => list(field(field(candidate, 'content'), 'parts')))
    .flatMap((part) => text(field(field(part, 'functionCall'), 'name')) ?? []);
  return {
    ...known,
    usage: usageOf(field(event, 'usageMetadata')) ?? known.usage,
    tools: tools.length === 0 ? known.tools : [...known.tools, ...tools],
    isEnded: known.isEnded || candidates.some((candidate) => text(field(candidate, 'finishReason')) !== null),
  };
}

/** Thoughts are output that is paid for. */
function usageOf(usage: Json): Usage | null {
  if (!isObject(usage)) return null;
  return {
    inputTokens: count(field(usage, 'promptTokenCount')) + count(field(usage, 'toolUsePromptTokenCount')),
    cacheReadTokens: count(field(usage, 'cachedContentTokenCount')),
    cacheWriteTokens: 0,
    outputTokens: count(field(usage, 'candidatesTokenCount')) + count(field(usage, 'thoughtsTokenCount')),
  };
}
