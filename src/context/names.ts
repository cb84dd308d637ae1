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
  const word = newWord();
  const joined = newWord();
  const place = { text, from: 0, to: 0 };
  const number = (hash: Word, kind: number, from: number): number => {
    place.from = from;
    place.to = hash.end;
    return names.number(hash, kind, place);
  };
  let at = 0;
  let joinedFrom = -1;
  while (at < text.length) {
    if (!isWordCode(text.charCodeAt(at))) {
      at += 1;
      joinedFrom = -1;
      continue;
    }
    const from = wordStart(text, at);
    readWord(text, from, word);
    const kind = kindOf(text, from, word);
    if (kind >= 0) found(number(word, kind, from), from);
    const start = joinedFrom < 0 ? from : joinedFrom;
    if (start !== from && isFileName(text, { start, last: from, end: word.end })) {
      hashRange(text, { from: start, to: word.end }, joined);
      found(number(joined, NAME_FILE, start), from);
    }
    joinedFrom = isJoin(text, word.end) && word.end + 1 - start < LONGEST_NAME ? start : -1;
    at = Math.max(at + 1, joinedFrom < 0 ? word.end : word.end + 1);
  }
}

const LONGEST_NAME = 72;

/** A word as it is read: where it ends, its two hashes, and how many of its letters are of which sort. */
interface Word {
  end: number;
  first: number;
  second: number;
  /** Of the letters a to f, and of the others. */
  hexes: number;
  smalls: number;
  capitals: number;
  digits: number;
  joints: number;
}

const SMALL = 1;
const SMALL_HEX = 2;
const CAPITAL = 3;
const DIGIT = 4;
const JOINT = 5;

const SORTS = Uint8Array.from({ length: 128 }, (_, code) => {
  const sign = String.fromCharCode(code);
  if (/[a-f]/.test(sign)) return SMALL_HEX;
  if (/[a-z]/.test(sign)) return SMALL;
  if (/[A-Z]/.test(sign)) return CAPITAL;
  if (/\d/.test(sign)) return DIGIT;
  return /[_$]/.test(sign) ? JOINT : 0;
});

function newWord(): Word {
  return { end: 0, first: 0, second: 0, hexes: 0, smalls: 0, capitals: 0, digits: 0, joints: 0 };
}

function isWordCode(code: number): boolean {
  if (code < 128) return SORTS[code] !== 0;
  return code < 0x2000 || (code > 0x3040 && code < 0xd800);
}

/** FNV-1a, twice with different primes, and the sorts of the letters, in one pass. */
function readWord(text: string, from: number, word: Word): void {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  let [hexes, smalls, capitals, digits, joints] = [0, 0, 0, 0, 0];
  let at = from;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isWordCode(code)) break;
    const sort = code < 128 ? SORTS[code] : 0;
    if (sort === SMALL) smalls += 1;
    else if (sort === SMALL_HEX) hexes += 1;
    else if (sort === CAPITAL) capitals += 1;
    else if (sort === DIGIT) digits += 1;
    else if (sort === JOINT) joints += 1;
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
  }
  word.end = at;
  word.first = first ^ (first >>> 15);
  word.second = second;
  word.hexes = hexes;
  word.smalls = smalls;
  word.capitals = capitals;
  word.digits = digits;
  word.joints = joints;
}

function hashRange(text: string, { from, to }: { from: number; to: number }, word: Word): void {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let at = from; at < to; at += 1) {
    first = Math.imul(first ^ text.charCodeAt(at), 0x01000193);
    second = Math.imul(second ^ text.charCodeAt(at), 0x5bd1e995);
  }
  word.end = to;
  word.first = first ^ (first >>> 15);
  word.second = second;
}

const BACKSLASH = 92;

/** In JSON a letter after a backslash is an escape: `\nname` is `name`. The same rule costs other texts next to nothing. */
function wordStart(text: string, at: number): number {
  if (at === 0 || text.charCodeAt(at - 1) !== BACKSLASH || text.charCodeAt(at - 2) === BACKSLASH) return at;
  const code = text.charCodeAt(at);
  return code === 110 || code === 116 || code === 114 ? at + 1 : at;
}

const ARROW = 0x2192;

/** -1: not worth a number (short words, line numbers, what is too long to be a name). */
function kindOf(text: string, from: number, word: Word): number {
  const length = word.end - from;
  if (length < 3 || length > LONGEST_NAME) return -1;
  const { hexes, capitals, digits } = word;
  const small = word.smalls + hexes;
  if (digits === length) return text.charCodeAt(word.end) === ARROW ? -1 : NAME_NUMBER;
  if (hexes + digits === length && length >= 7 && digits > 0) return NAME_HASH;
  const first = text.charCodeAt(from);
  const startsHigh = first >= 65 && first <= 90;
  if (digits > 0 || word.joints > 0) return NAME_MIXED;
  if (capitals > (startsHigh ? 1 : 0) && small > 0) return NAME_MIXED;
  if (capitals > 0) return NAME_CAPITAL;
  return length >= 4 ? NAME_PLAIN : -1;
}

function isJoin(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code === 46 || code === 45) && at + 1 < text.length && isWordCode(text.charCodeAt(at + 1));
}

/** A word with dots in it is a file's or a host's name when it ends like one: `a.test.ts` is, `item.text` is not. */
function isFileName(text: string, at: { start: number; last: number; end: number }): boolean {
  if (text.charCodeAt(at.last - 1) !== 46 || at.end - at.last > 10 || at.last - at.start < 2) return false;
  return EXTENSIONS.has(text.slice(at.last, at.end));
}

const EXTENSIONS = new Set(
  (
    'ts tsx js jsx mjs cjs mts cts json jsonl ndjson md mdx txt go py pyi rb rs java kt kts swift c h cc cpp hpp cs php ' +
    'sh bash zsh fish ps1 bat sql yml yaml toml ini cfg conf env lock html htm css scss sass less vue svelte astro xml ' +
    'svg png jpg jpeg gif webp ico pdf csv tsv log gz zip tar tgz db sqlite proto graphql gql tf hcl ex exs erl hs ml ' +
    'scala clj lua r jl dart zig nix pen ipynb tmpl tpl mod sum gradle properties diff patch snap wasm img traj ' +
    'com org net io dev app ai'
  ).split(' '),
);
