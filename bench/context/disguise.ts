import type { SessionItem } from './sessions.ts';

/** A memory as another agent would have written it down: what the policy must not hang on. */
export type Disguise = (items: readonly SessionItem[], count: (text: string) => number) => SessionItem[];

/** The given sessions in other clothes. `needs` stay those of the session as it was. */
export const DISGUISES: Readonly<Record<string, Disguise>> = {
  'as recorded': (items) => [...items],
  'tools renamed': (items) =>
    items.map((item) => ({ ...item, tool: item.tool ? nameless(item.tool) : item.tool })),
  'tools missing': (items) => items.map((item) => ({ ...item, tool: undefined })),
  'path missing': (items) => items.map((item) => ({ ...item, path: undefined })),
  'callId missing': (items) => items.map((item) => ({ ...item, callId: undefined })),
  'tools, path and callId missing': (items) =>
    items.map((item) => ({ ...item, tool: undefined, path: undefined, callId: undefined })),
  'inputs as plain text': (items, count) =>
    items.map((item) => (item.kind === 'call' ? withText(item, plain(item.text), count) : item)),
  'inputs in spaced JSON': (items, count) =>
    items.map((item) => (item.kind === 'call' ? withText(item, spaced(item.text), count) : item)),
  'reads without line numbers': (items, count) =>
    items.map((item) =>
      item.kind === 'result' ? withText(item, item.text.replaceAll(NUMBERED, ''), count) : item,
    ),
  'reads numbered otherwise': (items, count) =>
    items.map((item) =>
      item.kind === 'result' ? withText(item, item.text.replaceAll(NUMBERED, '$1: '), count) : item,
    ),
  'reads as `cat -n` writes them': (items, count) =>
    items.map((item) =>
      item.kind === 'result'
        ? withText(
            item,
            item.text.replaceAll(NUMBERED, (_, n: string) => `${n.padStart(6)}\t`),
            count,
          )
        : item,
    ),
  'kinds of another agent': (items) =>
    items.map((item) => ({ ...item, kind: KINDS[item.kind] ?? item.kind })),
  'every item its own step': (items) => items.map((item, index) => ({ ...item, step: index })),
};

/** For the ruler, which knows the recording's way to number lines. */
export function asRecorded(text: string): string {
  return text.replaceAll(/^(\d+): /gmu, '$1\t');
}

const NUMBERED = /^ *(\d+)(?:→|\t)/gmu;

const KINDS: Readonly<Record<string, string>> = {
  assistant: 'message',
  call: 'tool_call',
  result: 'tool_result',
  meta: 'system',
};

function nameless(tool: string): string {
  let sum = 7;
  for (const sign of tool) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9_973;
  return `tool_${sum}`;
}

function plain(json: string): string {
  const parsed = parse(json);
  if (typeof parsed !== 'object' || parsed === null) return json;
  return Object.values(parsed)
    .map((value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join('\n');
}

function spaced(json: string): string {
  const parsed = parse(json);
  return parsed === undefined ? json : JSON.stringify(parsed, null, 2);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Counted anew as the recording counts. */
function withText(item: SessionItem, text: string, count: (text: string) => number): SessionItem {
  if (text === item.text) return item;
  const known = counted.get(item)?.get(text);
  const tokens = known ?? Math.max(1, item.tokens - count(item.text) + count(text));
  counted.set(item, new Map([...(counted.get(item) ?? []), [text, tokens]]));
  return { ...item, text, tokens };
}

/** The pauses of a session share its items. */
const counted = new WeakMap<SessionItem, ReadonlyMap<string, number>>();
