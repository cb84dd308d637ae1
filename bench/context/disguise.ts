import { AGENTS } from './agents.ts';
import {
  codexPatch,
  coloured,
  doingOf,
  foreign,
  numbered,
  type Numbering,
  readJson,
  searchReplace,
  uncoloured,
  unforeign,
  unifiedDiff,
  unnumbered,
  unpatched,
} from './clothes.ts';
import type { SessionItem } from './sessions.ts';

/**
 * A memory as another agent would have written it down: what the policy must not hang on. A disguise takes no item away and
 * adds none, and the ruler must see in each what it saw in the recording: `undress` says how.
 */
export interface Disguise {
  readonly dress: (item: SessionItem, index: number) => SessionItem;
  /** What the prompt shows of an item, as the recording would have it; absent: as it is. */
  readonly undress?: (text: string, recorded: SessionItem) => string;
}

/** The given sessions in other clothes. `needs` stay those of the session as it was. */
export const DISGUISES: Readonly<Record<string, Disguise>> = {
  'as recorded': { dress: (item) => item },
  'tools renamed': { dress: (item) => ({ ...item, tool: item.tool ? nameless(item.tool) : item.tool }) },
  'tools missing': { dress: (item) => ({ ...item, tool: undefined }) },
  'path missing': { dress: (item) => ({ ...item, path: undefined }) },
  'callId missing': { dress: (item) => ({ ...item, callId: undefined }) },
  'tools, path and callId missing': {
    dress: (item) => ({ ...item, tool: undefined, path: undefined, callId: undefined }),
  },
  'inputs as plain text': ofKind('call', plain),
  'inputs in spaced JSON': ofKind('call', spaced),
  'reads without line numbers': readsAs({ write: null }),
  'reads numbered `12: `': readsAs({ write: (n) => `${n}: `, read: /^(\d+): /gmu }),
  'reads numbered `12:`': readsAs({ write: (n) => `${n}:`, read: /^(\d+):/gmu }),
  'reads numbered `12|`': readsAs({ write: (n) => `${n}|`, read: /^(\d+)\|/gmu }),
  'reads numbered ` 12 | `': readsAs({ write: (n) => `${n.padStart(4)} | `, read: /^ *(\d+) \| /gmu }),
  'reads numbered `00012| `': readsAs({ write: (n) => `${n.padStart(5, '0')}| `, read: /^(\d+)\| /gmu }),
  'reads numbered `12. `': readsAs({ write: (n) => `${n}. `, read: /^(\d+)\. /gmu }),
  'reads as `cat -n` writes them': readsAs({ write: (n) => `${n.padStart(6)}\t` }),
  'results in JSON': {
    dress: (item) =>
      item.kind === 'result' ? { ...item, text: JSON.stringify({ content: item.text }) } : item,
    undress: (text, recorded) => (recorded.kind === 'result' ? readJson(text) : text),
  },
  'lines end with CRLF': ofKind('result', (text) => text.replaceAll('\n', '\r\n')),
  'commands answer in colour': {
    dress: (item) => (isOutput(item) ? { ...item, text: coloured(item.text) } : item),
    undress: (text, recorded) => (isOutput(recorded) ? uncoloured(text) : text),
  },
  'talk in another language': {
    dress: (item) => (isTalk(item) ? { ...item, text: foreign(item.text) } : item),
    undress: unforeign,
  },
  'edits as patches of Codex': editsAs((item) => ({ input: codexPatch(doingOf(item)) }), unpatched),
  'edits as patches, not in JSON': editsAs((item) => codexPatch(doingOf(item)), unpatched),
  'edits as unified diffs': editsAs(
    (item) => (doingOf(item).deed === 'edit' ? { patch: unifiedDiff(doingOf(item)) } : item.input),
    (text, recorded) => (doingOf(recorded).deed === 'edit' ? unpatched(text) : text),
  ),
  'edits as SEARCH/REPLACE': editsAs((item) => {
    const doing = doingOf(item);
    const diff = searchReplace(doing, { from: '-------', to: '+++++++' });
    return doing.deed === 'edit' ? { path: doing.path, diff } : item.input;
  }),
  'calls in an envelope, as of OpenAI': {
    dress: enveloped,
    undress: (text, recorded) => (recorded.kind === 'call' ? argumentsIn(text) : text),
  },
  ...AGENTS,
  'kinds of another agent': { dress: (item) => ({ ...item, kind: KINDS[item.kind] ?? item.kind }) },
  'every item its own step': { dress: (item, index) => ({ ...item, step: index }) },
};

function ofKind(kind: string, change: (text: string) => string): Disguise {
  return { dress: (item) => (item.kind === kind ? { ...item, text: change(item.text) } : item) };
}

function readsAs(numbering: Numbering): Disguise {
  return {
    dress: (item) => (item.kind === 'result' ? { ...item, text: numbered(item.text, numbering) } : item),
    undress: (text, recorded) => (recorded.kind === 'result' ? unnumbered(text, recorded, numbering) : text),
  };
}

function isEdit(item: SessionItem): boolean {
  return item.kind === 'call' && ['edit', 'write'].includes(doingOf(item).deed);
}

/** Edits alone are written otherwise, under a tool that says nothing. */
function editsAs(
  write: (item: SessionItem) => unknown,
  undress: Disguise['undress'] = (text) => text,
): Disguise {
  return {
    dress: (item) => {
      if (!isEdit(item)) return item;
      const input = write(item);
      return {
        ...item,
        tool: undefined,
        input,
        text: typeof input === 'string' ? input : JSON.stringify(input),
      };
    },
    undress: (text, recorded) => (isEdit(recorded) ? undress(text, recorded) : text),
  };
}

/** As Chat Completions and Responses write a call: what it is given is a string of JSON. */
function enveloped(item: SessionItem): SessionItem {
  if (item.kind !== 'call') return item;
  const text = JSON.stringify({ type: 'function', name: item.tool, arguments: item.text });
  return { ...item, tool: undefined, path: undefined, input: undefined, text };
}

function argumentsIn(text: string): string {
  const call = parse(text);
  const isCall = typeof call === 'object' && call !== null && 'arguments' in call;
  return isCall && typeof call.arguments === 'string' ? call.arguments : text;
}

function isOutput({ kind, tool, text }: SessionItem): boolean {
  return kind === 'result' && !/^(read|edit|write)$/iu.test(tool ?? '') && !text.includes('\u001B');
}

function isTalk({ kind }: SessionItem): boolean {
  return kind !== 'call' && kind !== 'result';
}

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
