import type { IntList } from './int-list.ts';
import { isEnvelope } from './json-strings.ts';
import {
  NAME_CAPITAL,
  NAME_FILE,
  NAME_HASH,
  NAME_MIXED,
  NAME_NUMBER,
  NAME_PLAIN,
  type NameTable,
} from './name-table.ts';
import { unitsOf, type Units } from './text-units.ts';

/** Where the names of texts are put: their numbers, and the characters at which they stand. */
export interface NameList {
  readonly ids: IntList;
  readonly at: IntList;
}

/** Lists every name in a text, in order: identifiers, words, hashes, numbers, file names. */
export function scanNames(text: string, table: NameTable, into: NameList): void {
  scanUnits({ text, units: unitsOf(text) }, table, into);
}

/** As `scanNames`, of a text that is read already. */
export function scanUnits(
  source: { readonly text: string; readonly units: Units },
  table: NameTable,
  into: NameList,
): void {
  const { text, units } = source;
  const { length } = text;
  let at = 0;
  let joinedFrom = -1;
  let isNested: boolean | null = null;
  while (at < length) {
    if (LETTERS[units[at] ?? 0] === 0) {
      at = units[at] === ESCAPE ? behindColour(units, at) : at + 1;
      joinedFrom = -1;
      continue;
    }
    let from = wordStart(units, at);
    if (from === at && isNestedEscape(units, at) && (isNested ??= isEnvelope(text.slice(0, HEAD)))) from += 1;
    readWord(units, from);
    const { end } = word;
    const kind = kindOf(units);
    if (kind >= 0) {
      into.ids.push(table.number(word, kind, source));
      into.at.push(from);
    }
    const start = joinedFrom < 0 ? from : joinedFrom;
    if (start !== from && isFileName(units, start)) {
      hashFileName(units, start);
      into.ids.push(table.number(word, NAME_FILE, source));
      into.at.push(from);
    }
    joinedFrom = isJoin(units, end) && end + 1 - start < LONGEST_NAME ? start : -1;
    at = Math.max(at + 1, joinedFrom < 0 ? end : end + 1);
  }
}

const LONGEST_NAME = 72;

/** What a unit is in a word; 0: it ends the word. */
const SMALL = 1;
const SMALL_HEX = 2;
const CAPITAL = 4;
const DIGIT = 8;
const JOINT = 16;
const WIDE = 32;

const LETTERS = letters();

function letters(): Uint8Array {
  const sorts = new Uint8Array(1 << 16);
  sorts.fill(WIDE, 128, 0x2000).fill(WIDE, 0x3041, 0xd800);
  sorts.fill(DIGIT, 48, 58).fill(CAPITAL, 65, 91).fill(SMALL_HEX, 97, 103).fill(SMALL, 103, 123);
  sorts[36] = JOINT;
  sorts[95] = JOINT;
  return sorts;
}

/** The word that was read last: where it stands, its two hashes, which sorts of letters it has, and how many capitals. */
const word = { from: 0, end: 0, first: 0, second: 0, sorts: 0, capitals: 0 };

/** FNV-1a, twice with different primes, and the sorts of the letters, in one pass. */
function readWord(units: Units, from: number): void {
  let first = 0x811c9dc5 | 0;
  let second = 0x9e3779b9 | 0;
  let sorts = 0;
  let capitals = 0;
  let at = from;
  let code = units[at] ?? 0;
  for (let sort = LETTERS[code] ?? 0; sort !== 0; sort = LETTERS[code] ?? 0) {
    sorts |= sort;
    if (sort === CAPITAL) capitals += 1;
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
    at += 1;
    code = units[at] ?? 0;
  }
  word.from = from;
  word.end = at;
  word.first = first ^ (first >>> 15);
  word.second = second;
  word.sorts = sorts;
  word.capitals = capitals;
}

/** Makes the word the whole name from `start` to its end. */
function hashFileName(units: Units, start: number): void {
  let first = 0x811c9dc5 | 0;
  let second = 0x9e3779b9 | 0;
  for (let at = start; at < word.end; at += 1) {
    const code = units[at] ?? 0;
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
  }
  word.from = start;
  word.first = first ^ (first >>> 15);
  word.second = second;
}

const ESCAPE = 27;

/** `ESC [ 1 ; 32 m` is a colour, and no part of the word behind it. */
function behindColour(units: Units, at: number): number {
  if (units[at + 1] !== 91) return at + 1;
  let end = at + 2;
  while (units[end] === 59 || LETTERS[units[end] ?? 0] === DIGIT) end += 1;
  return LETTERS[units[end] ?? 0] === 0 ? end : end + 1;
}

const BACKSLASH = 92;

/** In JSON a letter after a backslash is an escape: `\nname` is `name`. The same rule costs other texts next to nothing. */
function wordStart(units: Units, at: number): number {
  if (at === 0 || units[at - 1] !== BACKSLASH || (at > 1 && units[at - 2] === BACKSLASH)) return at;
  return isEscapeLetter(units[at]) ? at + 1 : at;
}

/** The start of a call, which says whether it is JSON in a string of JSON. */
const HEAD = 1_000;

/** In JSON that is in a string of JSON `\\nname` is `name`. Anywhere else it may be a path of Windows. */
function isNestedEscape(units: Units, at: number): boolean {
  return isEscapeLetter(units[at]) && units[at - 1] === BACKSLASH && units[at - 2] === BACKSLASH;
}

function isEscapeLetter(code: number | undefined): boolean {
  return code === 110 || code === 116 || code === 114;
}

const ARROW = 0x2192;

/** Of the word; -1: not worth a number (short words, line numbers, what is too long to be a name). */
function kindOf(units: Units): number {
  const { from, end, sorts, capitals } = word;
  const length = end - from;
  if (length < 3 || length > LONGEST_NAME) return -1;
  if (sorts === DIGIT) return units[end] === ARROW ? -1 : NAME_NUMBER;
  if (sorts === (DIGIT | SMALL_HEX) && length >= 7) return NAME_HASH;
  if ((sorts & (DIGIT | JOINT)) !== 0) return NAME_MIXED;
  const startsHigh = LETTERS[units[from] ?? 0] === CAPITAL;
  if (capitals > (startsHigh ? 1 : 0) && (sorts & (SMALL | SMALL_HEX)) !== 0) return NAME_MIXED;
  if (capitals > 0) return NAME_CAPITAL;
  return length >= 4 ? NAME_PLAIN : -1;
}

function isJoin(units: Units, at: number): boolean {
  const code = units[at];
  return (code === 46 || code === 45) && LETTERS[units[at + 1] ?? 0] !== 0;
}

/** A word with dots in it is a file's or a host's name when it ends like one: `a.test.ts` is, `item.text` is not. */
function isFileName(units: Units, start: number): boolean {
  const { from, end, first, second } = word;
  if (units[from - 1] !== 46 || end - from > 10 || from - start < 2) return false;
  return EXTENSIONS.get(first) === second;
}

const EXTENSION_WORDS =
  'ts tsx js jsx mjs cjs mts cts json jsonl ndjson md mdx txt go py pyi rb rs java kt kts swift c h cc cpp hpp cs php ' +
  'sh bash zsh fish ps1 bat sql yml yaml toml ini cfg conf env lock html htm css scss sass less vue svelte astro xml ' +
  'svg png jpg jpeg gif webp ico pdf csv tsv log gz zip tar tgz db sqlite proto graphql gql tf hcl ex exs erl hs ml ' +
  'scala clj lua r jl dart zig nix pen ipynb tmpl tpl mod sum gradle properties diff patch snap wasm img traj ' +
  'com org net io dev app ai';

/** By their hashes, as words have them. */
const EXTENSIONS = new Map(
  EXTENSION_WORDS.split(' ').map((extension) => {
    readWord(unitsOf(extension), 0);
    return [word.first, word.second];
  }),
);
