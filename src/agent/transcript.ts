import type { ContextItemRow } from '../context/item.ts';
import type { AssistantPart, CallResult, Message } from './model.ts';

const BEGINNING_LOST = '[The beginning of this conversation is not kept.]';
const ARCHIVED = '[archived]';

/** What a call is answered with when its own result never came. */
export const INTERRUPTED =
  '[interrupted: no result was recorded. It may not have happened, or only in part. Check before you rely on it.]';

/**
 * An agent's memory as a list of messages that every provider accepts (S2), whatever a crash left of it:
 * it starts with a user message, user and assistant take turns, and each call has exactly one result, right after
 * the message that made it and in the order of the calls. The first recorded result wins; a result without a call
 * before it is dropped; a call without a result is answered with `INTERRUPTED`.
 */
export function buildMessages(items: readonly ContextItemRow[]): readonly Message[] {
  const results = firstResults(items);
  const messages: Message[] = [];
  const callIds = new Set<string>();
  for (const group of groupByStep(items)) {
    const [first] = group;
    if (first.kind === 'result') continue;
    if (!isSaid(first)) {
      addUserText(messages, shown(first));
      continue;
    }
    const parts = group.flatMap((item) => partOf(item, callIds));
    addAssistantParts(messages, parts, results);
  }
  return messages;
}

/** Calls of the memory that have no result yet, in order. */
export function openCalls(items: readonly ContextItemRow[]): readonly ContextItemRow[] {
  const results = firstResults(items);
  return items.filter((item) => item.kind === 'call' && item.callId !== null && !results.has(item.callId));
}

/** The results of the calls that were made in one reply with this one. */
export function siblingResults(
  items: readonly ContextItemRow[],
  call: ContextItemRow,
): readonly ContextItemRow[] {
  const results = firstResults(items);
  return items
    .filter((item) => item.kind === 'call' && item.stepId === call.stepId)
    .flatMap((item) => results.get(item.callId ?? '') ?? []);
}

/** True for what the model said: a message, its reasoning, a call. */
export function isSaid(item: ContextItemRow): boolean {
  return item.kind === 'message' || item.kind === 'reasoning' || item.kind === 'call';
}

/** The first result of each call, when it stands after its call. */
function firstResults(items: readonly ContextItemRow[]): ReadonlyMap<string, ContextItemRow> {
  const called = new Set<string>();
  const results = new Map<string, ContextItemRow>();
  for (const item of items) {
    if (item.callId === null) continue;
    if (item.kind === 'call') called.add(item.callId);
    if (item.kind !== 'result' || !called.has(item.callId) || results.has(item.callId)) continue;
    results.set(item.callId, item);
  }
  return results;
}

/** Neighbours that the model said in one step stay together; everything else stands alone. */
function groupByStep(items: readonly ContextItemRow[]): readonly [ContextItemRow, ...ContextItemRow[]][] {
  const groups: [ContextItemRow, ...ContextItemRow[]][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last && isSaid(item) && isSaid(last[0]) && last[0].stepId === item.stepId) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

function shown(item: ContextItemRow): string {
  const text = item.promptText ?? item.text;
  return text.trim() === '' && item.text.trim() !== '' ? ARCHIVED : text;
}

/** Providers refuse blank text and, in a history, two calls with one id. */
function partOf(item: ContextItemRow, callIds: Set<string>): readonly AssistantPart[] {
  const meta = item.meta === null || item.meta === undefined ? {} : { meta: item.meta };
  if (item.kind === 'call') {
    if (item.callId === null || item.tool === null || callIds.has(item.callId)) return [];
    callIds.add(item.callId);
    return [{ type: 'call', callId: item.callId, tool: item.tool, input: shownInput(item), ...meta }];
  }
  // A provider checks reasoning against its signature: it is given back whole or not at all.
  if (item.kind === 'reasoning')
    return item.promptText === null ? [{ type: 'reasoning', text: item.text, ...meta }] : [];
  const text = shown(item);
  return text.trim() === '' ? [] : [{ type: 'text', text, ...meta }];
}

function shownInput(item: ContextItemRow): unknown {
  if (item.promptText === null) return isObject(item.input) ? item.input : {};
  const parsed = parseObject(item.promptText);
  return parsed ?? { archived: item.promptText };
}

function parseObject(text: string): object | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addUserText(messages: Message[], text: string): void {
  if (text.trim() === '') return;
  const last = messages.at(-1);
  if (last?.role === 'user')
    messages[messages.length - 1] = { role: 'user', text: `${last.text}\n\n${text}` };
  else messages.push({ role: 'user', text });
}

function addAssistantParts(
  messages: Message[],
  parts: readonly AssistantPart[],
  results: ReadonlyMap<string, ContextItemRow>,
): void {
  // Reasoning alone is no reply: providers want text or a call with it.
  if (!parts.some((part) => part.type !== 'reasoning')) return;
  if (messages.length === 0) messages.push({ role: 'user', text: BEGINNING_LOST });
  const last = messages.at(-1);
  if (last?.role === 'assistant')
    messages[messages.length - 1] = { role: 'assistant', parts: [...last.parts, ...parts] };
  else messages.push({ role: 'assistant', parts });
  const calls = parts.filter((part) => part.type === 'call');
  if (calls.length === 0) return;
  messages.push({ role: 'tool', results: calls.map((call) => resultOf(call, results.get(call.callId))) });
}

function resultOf(
  call: { readonly callId: string; readonly tool: string },
  item: ContextItemRow | undefined,
): CallResult {
  const { callId, tool } = call;
  if (!item) return { callId, tool, text: INTERRUPTED, isError: true };
  const text = shown(item);
  return { callId, tool, text: text.trim() === '' ? '(no output)' : text, isError: item.isError };
}
