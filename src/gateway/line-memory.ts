import type { AgentSession } from '../agent/session.ts';
import type { ContextItemRow } from '../context/item.ts';
import type { Redactor } from '../secret/redactor.ts';
import { spliceJson, type Edit } from './splice-json.ts';
import { isObject, parseJson } from './json.ts';
import { contentHash, itemsOf, keptText, keysOfRows, type WireItem } from './wire-items.ts';
import type { WireMessage } from './wire.ts';

export interface LineMemoryParts {
  readonly session: AgentSession;
  /** A text without its secrets, as it is in the store: by it pieces are known again after a restart. */
  readonly redact: Redactor['redact'];
  /** Told of what was surely a secret in a call, by its kind; may be told again. */
  readonly onSecret: (kind: string) => void;
  /** A path as the memory names it: relative to the project. */
  readonly pathIn: (path: string) => string;
  /** Resolves after others had their turn: a long history takes seconds to be searched for secrets. */
  readonly breathe: () => Promise<void>;
}

/** Characters that are searched in one go. */
const charsAtOnce = 100_000;

/** What is known of a row of the memory: enough to find it again in a call. */
interface KnownRow {
  readonly id: string;
  readonly hash: string;
}

/** Rows are counted while the store's write lock is held: a few at a time, so that nobody waits long. */
const rowsAtOnce = 16;

/**
 * An agent's memory as its calls show it: every piece of a call that is new becomes an item, and what was archived is
 * replaced by its stub in every call. Both are decided by content alone, so the same call with the same memory is
 * always sent as the same bytes.
 */
export class LineMemory {
  readonly #parts: LineMemoryParts;
  readonly #hashes = new Map<string, string>();
  /** One reading for all who need it: a second one could end after a row was added, and would not have it. */
  #known: Promise<Map<string, KnownRow>> | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: LineMemoryParts) {
    this.#parts = parts;
  }

  /** Adds the pieces that the memory does not have yet; answers the ids of the items that this history shows. */
  record(messages: readonly WireMessage[]): Promise<readonly string[]> {
    const recorded = this.#queue.then(() => this.#record(messages));
    this.#queue = recorded.catch(() => undefined);
    return recorded;
  }

  /** The body with every archived piece replaced by its stub; the very same text when there is none in it. */
  async rewrite(raw: string, messages: () => readonly WireMessage[]): Promise<string> {
    const stubs = await this.#parts.session.stubs();
    if (stubs.size === 0) return raw;
    const known = await this.#load();
    await this.#hashAll(messages().flatMap(({ parts }) => parts));
    const edits = this.#itemsOf(messages()).flatMap((one) => this.#editOf(one, { known, stubs }));
    return edits.length === 0 ? raw : spliceJson(raw, edits);
  }

  async #record(messages: readonly WireMessage[]): Promise<readonly string[]> {
    await this.#hashAll(messages.flatMap(({ parts }) => parts));
    const items = this.#itemsOf(messages);
    let known = await this.#load();
    // A prompt may have been written down by whoever gave it.
    if (items.some(({ key, item }) => item.kind === 'user' && !known.has(key))) known = await this.#reload();
    const added = items.filter(({ key }) => !known.has(key));
    for (let at = 0; at < added.length; at += rowsAtOnce) {
      const some = added.slice(at, at + rowsAtOnce);
      await this.#parts.breathe();
      const rows = await this.#parts.session.remember(some.map(({ item }) => item));
      rows.forEach((row, index) => this.#know(known, some[index]?.key, row));
    }
    return items.flatMap(({ key }) => known.get(key)?.id ?? []);
  }

  #itemsOf(messages: readonly WireMessage[]): readonly WireItem[] {
    return itemsOf(messages, { pathIn: this.#parts.pathIn, hash: this.#hash });
  }

  #editOf(
    { key, part, item }: WireItem,
    memory: { readonly known: ReadonlyMap<string, KnownRow>; readonly stubs: ReadonlyMap<string, string> },
  ): readonly Edit[] {
    const row = memory.known.get(key);
    const shown = row === undefined ? undefined : memory.stubs.get(row.id);
    // An agent may shorten a result by itself: then it is no longer what was archived.
    if (row === undefined || shown === undefined || part.slot === null || row.hash !== this.#hash(item.text))
      return [];
    const put = shown.trim() === '' ? blank : shown;
    const { path, as } = part.slot;
    if (item.kind === 'call' && isObject(parseJson(part.text)) && !isObject(parseJson(put))) return [];
    return [{ path, json: as === 'json' ? put : JSON.stringify(put) }];
  }

  #load(): Promise<Map<string, KnownRow>> {
    return this.#known ?? this.#reload();
  }

  #reload(): Promise<Map<string, KnownRow>> {
    const reading = this.#read();
    this.#known = reading;
    // A store that cannot be read now is asked again by the next call.
    reading.catch(() => {
      if (this.#known === reading) this.#known = null;
    });
    return reading;
  }

  async #read(): Promise<Map<string, KnownRow>> {
    const rows = await this.#parts.session.items();
    await this.#hashAll(rows);
    const keys = keysOfRows(rows, this.#hash);
    const known = new Map<string, KnownRow>();
    rows.forEach((row, index) => this.#know(known, keys[index], row));
    return known;
  }

  #know(
    known: Map<string, KnownRow>,
    key: string | undefined,
    row: Pick<ContextItemRow, 'id' | 'text'>,
  ): void {
    if (key !== undefined) known.set(key, { id: row.id, hash: this.#hash(row.text) });
  }

  /** So that each hash is known when it is needed, in slices between which others have their turn. */
  async #hashAll(texts: readonly { readonly text: string }[]): Promise<void> {
    let chars = 0;
    for (const { text } of texts) {
      if (chars > charsAtOnce) await this.#parts.breathe();
      if (chars > charsAtOnce) chars = 0;
      const kept = keptText(text);
      this.#hash(kept);
      chars += kept.length;
    }
  }

  /** Of a text without its secrets; each text is searched for them once. */
  readonly #hash = (said: string): string => {
    const raw = contentHash(said);
    const before = this.#hashes.get(raw);
    if (before !== undefined) return before;
    const { text: redacted, found } = this.#parts.redact(said);
    for (const { kind, sure } of found) if (sure) this.#parts.onSecret(kind);
    const hash = redacted === said ? raw : contentHash(redacted);
    this.#hashes.set(raw, hash);
    return hash;
  };
}

/** Providers refuse blank text. */
const blank = '[archived]';
