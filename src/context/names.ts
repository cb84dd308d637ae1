import {
  NAME_CAPITAL,
  NAME_FILE,
  NAME_HASH,
  NAME_MIXED,
  NAME_NUMBER,
  NAME_PLAIN,
  type NameTable,
} from './name-table.ts';

/** Calls `found(name, at)` for every name in a text, in order: identifiers, words, hashes, numbers, file names. */
export function scanNames(text: string, names: NameTable, found: (name: number, at: number) => void): void {
  const place = { text, from: 0, to: 0 };
  const hash = { first: 0, second: 0 };
  let at = 0;
  let joinedFrom = -1;
  while (at < text.length) {
    if (!isWordCode(text.charCodeAt(at))) {
      at += 1;
      joinedFrom = -1;
      continue;
    }
    const end = endOfWord(text, at);
    const from = wordStart(text, at);
    const kind = end - from > LONGEST_NAME ? -1 : kindOf(text, from, end);
    if (kind >= 0)
      found(names.number(hashOf(text, { from, to: end }, hash), kind, within(place, from, end)), from);
    const start = joinedFrom < 0 ? from : joinedFrom;
    if (start !== from && isFileName(text, { start, last: from, end })) {
      found(
        names.number(hashOf(text, { from: start, to: end }, hash), NAME_FILE, within(place, start, end)),
        from,
      );
    }
    joinedFrom = isJoin(text, end) && end + 1 - start < LONGEST_NAME ? start : -1;
    at = joinedFrom < 0 ? end : end + 1;
  }
}

const LONGEST_NAME = 72;

/** In JSON a letter after a backslash is an escape: `\nname` is `name`. The same rule costs other texts next to nothing. */
function wordStart(text: string, at: number): number {
  const escape = at > 0 && text.charCodeAt(at - 1) === BACKSLASH && text.charCodeAt(at - 2) !== BACKSLASH;
  if (!escape) return at;
  const code = text.charCodeAt(at);
  return code === 110 || code === 116 || code === 114 ? at + 1 : at;
}

const BACKSLASH = 92;

function within(place: { text: string; from: number; to: number }, from: number, to: number): typeof place {
  place.from = from;
  place.to = to;
  return place;
}

function isWordCode(code: number): boolean {
  if (code < 128) return WORD[code] === 1;
  return code < 0x2000 || (code > 0x3040 && code < 0xd800);
}

const WORD = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9_$]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function endOfWord(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && isWordCode(text.charCodeAt(at))) at += 1;
  return at;
}

/** FNV-1a, twice with different primes. */
function hashOf(
  text: string,
  range: { from: number; to: number },
  into: { first: number; second: number },
): typeof into {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let at = range.from; at < range.to; at += 1) {
    const code = text.charCodeAt(at);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
  }
  into.first = first ^ (first >>> 15);
  into.second = second;
  return into;
}

/** -1: not worth a number (short words, line numbers). */
function kindOf(text: string, from: number, to: number): number {
  let small = 0;
  let capital = 0;
  let digit = 0;
  let other = 0;
  let hex = 0;
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 97 && code <= 122) small += 1;
    if (code >= 65 && code <= 90) capital += 1;
    if (code >= 48 && code <= 57) digit += 1;
    if (code === 95 || code === 36) other += 1;
    if ((code >= 97 && code <= 102) || (code >= 48 && code <= 57)) hex += 1;
  }
  const length = to - from;
  if (digit === length) return length >= 3 && text.charCodeAt(to) !== ARROW ? NAME_NUMBER : -1;
  if (length < 3) return -1;
  if (hex === length && length >= 7 && digit > 0) return NAME_HASH;
  const first = text.charCodeAt(from);
  const startsHigh = first >= 65 && first <= 90;
  if (digit > 0 || other > 0 || (capital > (startsHigh ? 1 : 0) && small > 0)) return NAME_MIXED;
  if (capital > 0) return NAME_CAPITAL;
  return length >= 4 ? NAME_PLAIN : -1;
}

const ARROW = 0x2192;

function isJoin(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code === 46 || code === 45) && at + 1 < text.length && isWordCode(text.charCodeAt(at + 1));
}

/** A word with dots in it is a file name when it ends like one: `a.test.ts` is, `item.text` is not. */
function isFileName(text: string, at: { start: number; last: number; end: number }): boolean {
  if (text.charCodeAt(at.last - 1) !== 46 || at.end - at.last > 6 || at.last - at.start < 2) return false;
  return EXTENSIONS.has(text.slice(at.last, at.end));
}

const EXTENSIONS = new Set(
  (
    'ts tsx js jsx mjs cjs mts cts json jsonl ndjson md mdx txt go py pyi rb rs java kt kts swift c h cc cpp hpp cs php ' +
    'sh bash zsh fish ps1 bat sql yml yaml toml ini cfg conf env lock html htm css scss sass less vue svelte astro xml ' +
    'svg png jpg jpeg gif webp ico pdf csv tsv log gz zip tar tgz db sqlite proto graphql gql tf hcl ex exs erl hs ml ' +
    'scala clj lua r jl dart zig nix pen ipynb tmpl tpl mod sum gradle properties diff patch snap wasm img traj'
  ).split(' '),
);
