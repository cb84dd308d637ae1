import { createHmac } from 'node:crypto';
import { createSecretFinder, type OtherRules, type SecretFinder } from './find-secrets.ts';
import { formsOf, knownValuesMax, valueMin, type KnownValue } from './known-values.ts';
import { fingerprintLength, placeholderFor, replacePlaceholders } from './placeholder.ts';
import { judgeNamed } from './place-rules.ts';
import type { Found, Redacted, Redactor } from './redactor.ts';
import type { SecretRange } from './secret-range.ts';

/** What a process knows of a project's secrets: finds them, and keeps those that it found, in memory alone. */
export interface Secrets extends Redactor {
  /** As `redact`, of every text in a JSON value; the names of its fields tell what they hold. */
  redactValue<T>(value: T): T;
  /** Whether a value that is known to be a secret stands in it; what only looks like one does not count. */
  holdsKnown(text: string): boolean;
  /** The texts of a JSON value with the secrets that this process knows in the place of their placeholders. */
  putBack<T>(value: T): T;
  /** What is a secret in a text; nothing is kept in mind. */
  find(text: string): readonly Found[];
  /** Resolves when all rules are there: those that take a moment to load are not used before. May be called twice. */
  ready(): Promise<void>;
}

export interface SecretsParts {
  /** Of the project; it makes fingerprints useless to whoever guesses secrets. */
  readonly key: () => Uint8Array;
  /** Values that are secrets for certain. Asked now and then: may answer the same list again. */
  readonly known: () => readonly KnownValue[];
  readonly loadRules: () => Promise<OtherRules>;
}

/** Looks for nothing: for what is no project, as in tests. */
export const noSecrets: Secrets = {
  redact: (text) => ({ text, found: [] }),
  redactValue: (value) => value,
  holdsKnown: () => false,
  putBack: (value) => value,
  find: () => [],
  ready: () => Promise.resolve(),
};

/** Texts that were redacted lately: what enters a store is counted, compared and written. */
const rememberedMax = 256;
const rememberedLengthMax = 100_000;

/** A finder, and what it was made of. */
interface CurrentFinder {
  readonly known: readonly KnownValue[];
  readonly seen: number;
  readonly find: SecretFinder;
}

/** The secrets of one project, in one process. */
export class ProjectSecrets implements Secrets {
  readonly #parts: SecretsParts;
  readonly #vault = new Map<string, string>();
  /** Found by the rules, not known before: the same value is found again where nothing tells what it is. */
  readonly #seen = new Map<string, KnownValue>();
  readonly #lately = new Map<string, Redacted>();
  #otherRules: OtherRules | undefined;
  #loading: Promise<void> | undefined;
  #finder: CurrentFinder | undefined;

  constructor(parts: SecretsParts) {
    this.#parts = parts;
  }

  ready(): Promise<void> {
    this.#loading ??= this.#parts.loadRules().then((rules) => {
      this.#otherRules = rules;
      this.#finder = undefined;
      this.#lately.clear();
    });
    return this.#loading;
  }

  redact(text: string): Redacted {
    if (text.length < valueMin / 2) return { text, found: [] };
    // First, because a new value makes what was redacted lately count no more.
    const { find } = this.#current();
    const before = this.#lately.get(text);
    if (before !== undefined) return before;
    const ranges = find(text);
    const redacted = ranges.length === 0 ? { text, found: [] } : this.#replace(text, ranges);
    this.#remember(text, redacted);
    if (redacted.text !== text) this.#remember(redacted.text, { text: redacted.text, found: [] });
    return redacted;
  }

  find(text: string): readonly Found[] {
    return this.#find(text).map((range) => this.#tell(text, range));
  }

  redactValue<T>(value: T): T {
    return mapTexts(value, (text, name) => this.#redactField(text, name)) as T;
  }

  holdsKnown(text: string): boolean {
    return this.#find(text).some((range) => range.rank === 3);
  }

  putBack<T>(value: T): T {
    if (this.#vault.size === 0) return value;
    return mapTexts(value, (text) =>
      replacePlaceholders(text, (placeholder) => this.#vault.get(placeholder)),
    ) as T;
  }

  #redactField(text: string, name: string | null): string {
    const { text: redacted } = this.redact(text);
    if (name === null || redacted !== text) return redacted;
    const judged = judgeNamed(name, text);
    if (judged === null) return text;
    return this.#replace(text, [{ from: 0, to: text.length, kind: 'password', rank: 0, sure: judged.sure }])
      .text;
  }

  #find(text: string): readonly SecretRange[] {
    return this.#current().find(text);
  }

  /** The finder for what is known by now. */
  #current(): CurrentFinder {
    const known = this.#parts.known();
    const seen = this.#seen.size;
    if (this.#finder?.known === known && this.#finder.seen === seen) return this.#finder;
    if (this.#finder?.known !== known) for (const form of formsOf(known)) this.#keep(form.kind, form.text);
    const find = createSecretFinder([...known, ...this.#seen.values()], this.#otherRules);
    this.#finder = { known, seen, find };
    this.#lately.clear();
    return this.#finder;
  }

  #replace(text: string, ranges: readonly SecretRange[]): Redacted {
    let redacted = '';
    let at = 0;
    const found = ranges.map((range) => {
      const secret = text.slice(range.from, range.to);
      const placeholder = this.#keep(range.kind, secret);
      redacted += text.slice(at, range.from) + placeholder;
      at = range.to;
      this.#see(range, secret);
      return this.#tell(text, range);
    });
    return { text: redacted + text.slice(at), found };
  }

  #keep(kind: string, secret: string): string {
    const placeholder = placeholderFor(kind, this.#fingerprint(secret));
    this.#vault.set(placeholder, secret);
    return placeholder;
  }

  /** Only what is sure: a word that was taken for a password once must not vanish from every text. */
  #see(range: SecretRange, secret: string): void {
    if (!range.sure || range.rank === 3 || secret.length < valueMin || secret.length > 500) return;
    if (this.#seen.size < knownValuesMax) this.#seen.set(secret, { kind: range.kind, value: secret });
  }

  #tell(text: string, { from, to, kind, sure }: SecretRange): Found {
    return { kind, fingerprint: this.#fingerprint(text.slice(from, to)), at: from, sure };
  }

  #fingerprint(secret: string): string {
    return createHmac('sha256', this.#parts.key())
      .update(secret, 'utf8')
      .digest('hex')
      .slice(0, fingerprintLength);
  }

  #remember(text: string, redacted: Redacted): void {
    if (text.length > rememberedLengthMax) return;
    if (this.#lately.size >= rememberedMax) this.#lately.delete(this.#lately.keys().next().value ?? '');
    this.#lately.set(text, redacted);
  }
}

/** A JSON value with each text in it changed, names of fields included; the same value where none is. */
export function mapTexts(
  value: unknown,
  change: (text: string, name: string | null) => string,
  name: string | null = null,
): unknown {
  if (typeof value === 'string') return change(value, name);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const changed = value.map((one: unknown) => mapTexts(one, change, name));
    return changed.some((one, i) => one !== value[i]) ? changed : value;
  }
  let same = true;
  const entries = Object.entries(value).map(([key, one]: [string, unknown]) => {
    const entry = [change(key, null), mapTexts(one, change, key)] as const;
    same &&= entry[0] === key && entry[1] === one;
    return entry;
  });
  return same ? value : Object.fromEntries(entries);
}
