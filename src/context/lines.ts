import type { HashTable } from './hash-table.ts';
import type { IntList } from './int-list.ts';
import type { Units } from './text-units.ts';

/** A stretch of text to read line by line; `escaped`: the inside of a JSON string, where `\n` ends a line. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
  readonly escaped: boolean;
}

/** Where the lines of texts are put: their numbers and where they begin, and where those begin that a file tool numbered. */
export interface LineList {
  readonly ids: IntList;
  readonly at: IntList;
  /** Null: nobody asks. */
  readonly numbered: IntList | null;
}

/**
 * Lists every line of a range that says something, in order. Two lines have one number when they differ only in space, quotes,
 * escapes and the number that a file tool puts before a line: a line of a file is the same line when it is read, when an edit
 * quotes it, and when an edit wrote it.
 */
export function scanLines(
  source: { readonly units: Units; readonly range: LineRange },
  lines: HashTable,
  into: LineList,
): void {
  const { units, range } = source;
  const { escaped, to } = range;
  let at = range.from;
  while (at < to) {
    const from = escaped ? at : lineStart(units, at, to);
    if (from > at) into.numbered?.push(at);
    readLine(units, from, range);
    if (line.length >= SHORTEST) {
      into.ids.push(lines.number(line.first, line.second));
      into.at.push(at);
    }
    at = line.next;
  }
}

/** Signs and letters that a line must have to say something: `});` and `return;` do not. */
const SHORTEST = 7;

/**
 * Where the text of a line begins behind the number that a file tool put before it: `  12→`, `  12<tab>`, `  12| `, `12: `, `L12: `.
 * `to` may lie beyond the line's end.
 */
export function lineStart(units: Units, from: number, to: number): number {
  let at = from;
  while (at < to && units[at] === SPACE) at += 1;
  if (units[at] === LETTER_L) at += 1;
  const digits = at;
  while (at < to && isDigit(units[at] ?? 0)) at += 1;
  if (at === digits || at >= to) return from;
  const sign = units[at];
  if (sign === COLON) return isCounted(units, { from, digits, to: at }) ? at + 2 : from;
  if (units[digits - 1] === LETTER_L) return from;
  if (sign === ARROW || sign === TAB) return at + 1;
  return sign === BAR && units[at + 1] === SPACE ? at + 2 : from;
}

/** `12: ` is a line's number only where the line before or after it has the number before or after it: a log's time is none. */
function isCounted(
  units: Units,
  { from, digits, to }: { from: number; digits: number; to: number },
): boolean {
  if (units[to + 1] !== SPACE || to - digits > LONGEST_NUMBER) return false;
  const number = numberIn(units, digits);
  let before = from - 1;
  while (before > 0 && units[before - 1] !== NEWLINE) before -= 1;
  if (from > 0 && numberIn(units, startOfNumber(units, before)) === number - 1) return true;
  let next = to;
  while (units[next] !== NEWLINE && units[next] !== 0) next += 1;
  return units[next] === NEWLINE && numberIn(units, startOfNumber(units, next + 1)) === number + 1;
}

const LONGEST_NUMBER = 7;

function startOfNumber(units: Units, from: number): number {
  let at = from;
  while (units[at] === SPACE) at += 1;
  return units[at] === LETTER_L ? at + 1 : at;
}

function numberIn(units: Units, from: number): number {
  let number = Number.NaN;
  for (let at = from; isDigit(units[at] ?? 0) && at - from <= LONGEST_NUMBER; at += 1)
    number = (Number.isNaN(number) ? 0 : number * 10) + (units[at] ?? 0) - 48;
  return number;
}

const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;
const ARROW = 0x2192;
const BAR = 124;
const COLON = 58;
const LETTER_L = 76;
const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_N = 110;
const LETTER_U = 117;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The line that was read last: its two hashes, how many units count in it, and where the next line begins. */
const line = { first: 0, second: 0, length: 0, next: 0 };

/** FNV-1a, twice, over what counts. In a JSON string a line ends with an escape, and other escapes do not count. */
function readLine(units: Units, from: number, { to, escaped }: LineRange): void {
  let first = 0x811c9dc5 | 0;
  let second = 0x9e3779b9 | 0;
  let length = 0;
  let at = from;
  for (; at < to; at += 1) {
    const code = units[at] ?? 0;
    if (code <= SPACE || code === QUOTE) {
      if (code === NEWLINE && !escaped) break;
      continue;
    }
    if (code === BACKSLASH) {
      if (!escaped) continue;
      const escape = units[at + 1];
      at += escape === LETTER_U ? 5 : 1;
      if (escape === LETTER_N) break;
      continue;
    }
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
    length += 1;
  }
  line.first = first ^ (first >>> 15);
  line.second = second;
  line.length = length;
  line.next = at + 1;
}
