import { createHash } from 'node:crypto';
import type { ContextItemRow, NewItem } from '../context/item.ts';
import { field, isObject, parseJson, text } from './json.ts';
import type { WireMessage, WirePart } from './wire.ts';

/** A piece of a history that belongs into the agent's memory. */
export interface WireItem {
  /**
   * What tells it from every other piece of this agent: of calls and results the call's id and content, of what is said
   * its content; and which of those that are alike it is, from 1.
   */
  readonly key: string;
  readonly item: NewItem;
  readonly part: WirePart;
}

/**
 * The pieces of a history as items. Left out: what is blank, and reasoning, which is signed or sealed by its provider,
 * cannot be shortened, and is dropped by the provider itself.
 */
export function itemsOf(
  messages: readonly WireMessage[],
  reading: { readonly pathIn: (path: string) => string; readonly hash: HashText },
): readonly WireItem[] {
  const { pathIn, hash } = reading;
  const keys = new KeyMaker(hash);
  const calls = new Map<string, NewItem>();
  return messages
    .flatMap(({ parts }) => parts)
    .flatMap((part) => {
      if (part.kind === 'reasoning' || part.kind === 'other' || part.text.trim() === '') return [];
      const item = itemOf({ ...part, kind: part.kind, text: keptText(part.text) }, { calls, pathIn });
      if (item.kind === 'call' && item.callId !== undefined) calls.set(item.callId, item);
      // What cannot be replaced in a call is not to be archived either.
      const pinned = isFixed(part) ? { pinned: true } : {};
      return [{ key: keys.of(item), item: { ...item, ...pinned }, part }];
    });
}

/** An input of which only the beginning is kept is no JSON any more, and no stub of it would be. */
function isFixed({ kind, slot, text: said }: WirePart): boolean {
  return (slot === null && said.length >= worthMin) || (kind === 'call' && said.length > keptMax);
}

/** A flash save leaves shorter texts alone. */
const worthMin = 160;

/** The keys of an agent's memory as it is in the store, in its order. */
export function keysOfRows(rows: readonly ContextItemRow[], hash: HashText): readonly string[] {
  const keys = new KeyMaker(hash);
  return rows.map(({ kind, text: said, callId }) =>
    keys.of({ kind, text: said, ...(callId === null ? {} : { callId }) }),
  );
}

/** Makes keys for items in the order of a history: a result is told by its call, which comes before it. */
class KeyMaker {
  readonly #calls = new Map<string, string>();
  readonly #times = new Map<string, number>();
  readonly #hash: HashText;

  constructor(hash: HashText) {
    this.#hash = hash;
  }

  of({ kind, text: said, callId }: Pick<NewItem, 'kind' | 'text' | 'callId'>): string {
    const base = this.#base({ kind, said, callId: callId ?? '' });
    const times = (this.#times.get(base) ?? 0) + 1;
    this.#times.set(base, times);
    return `${base} ${times}`;
  }

  #base(item: { readonly kind: NewItem['kind']; readonly said: string; readonly callId: string }): string {
    const { kind, said, callId } = item;
    if (kind === 'call') {
      const call = `${callId} ${this.#hash(said)}`;
      this.#calls.set(callId, call);
      return `call ${call}`;
    }
    if (kind === 'result') return `result ${this.#calls.get(callId) ?? callId}`;
    return `${kind === 'message' ? 'message' : 'said'} ${this.#hash(said)}`;
  }
}

/** What stands for a text: equal texts have equal ones. */
export type HashText = (said: string) => string;

/** A longer text would take seconds to be counted: its beginning is kept, and what tells it from another. */
const keptMax = 200_000;

/** A text as it is kept. */
export function keptText(said: string): string {
  if (said.length <= keptMax) return said;
  const left = said.length - keptMax;
  return `${said.slice(0, keptMax)}\n[${left} more characters are not kept; all of it has the hash ${contentHash(said)}]`;
}

/** Of a text in UTF-8, short. */
export function contentHash(said: string): string {
  return createHash('sha256').update(said, 'utf8').digest('base64url').slice(0, 22);
}

type ItemPart = WirePart & { readonly kind: 'user' | 'message' | 'call' | 'result' };

interface Known {
  readonly calls: ReadonlyMap<string, NewItem>;
  readonly pathIn: (path: string) => string;
}

function itemOf(part: ItemPart, known: Known): NewItem {
  const { kind, text: said } = part;
  if (kind === 'user' || kind === 'message') return { kind, text: said };
  const callId = part.callId ?? '';
  if (kind === 'call') {
    const input = parseJson(said);
    const path = pathOfInput(input, said);
    const given = isObject(input) ? { input } : {};
    return { kind, text: said, tool: part.tool ?? '', callId, ...given, ...pathField(path, known) };
  }
  const call = known.calls.get(callId);
  const path = call?.path === undefined ? {} : { path: call.path };
  const isError = part.isError === true ? { isError: true } : {};
  return { kind, text: said, tool: call?.tool ?? part.tool ?? '', callId, ...isError, ...path };
}

function pathField(path: string | null, known: Known): { readonly path?: string } {
  return path === null ? {} : { path: known.pathIn(path) };
}

/** How agents call the file that a tool is about. */
const pathKeys = [
  'file_path',
  'filePath',
  'path',
  'filename',
  'file',
  'absolute_path',
  'notebook_path',
  'target_file',
  'dir_path',
  'fileName',
];

function pathOfInput(input: ReturnType<typeof parseJson>, said: string): string | null {
  for (const key of pathKeys) {
    const path = text(field(input, key));
    if (path !== null && path !== '') return path;
  }
  return /\*\*\* (?:Update|Add|Delete) File: ([^\n"\\]+)/.exec(said.slice(0, 2000))?.[1]?.trim() ?? null;
}
