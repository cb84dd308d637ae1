import type { NameTable } from './name-table.ts';

/** A stretch of text to read line by line; `escaped`: the inside of a JSON string, where `\n` ends a line. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
  readonly escaped: boolean;
}

/**
 * Calls `found(line, at, isNumbered)` for every line of a range, in order; `line` is -1 for one that says nothing. Two lines
 * have one number when they differ only in space, quotes, escapes and the number that a file tool puts before a line: a line
 * of a file is the same line when it is read, when an edit quotes it, and when an edit wrote it.
 */
export function scanLines(
  source: { readonly text: string; readonly range: LineRange },
  lines: NameTable,
  found: (line: number, at: number, isNumbered: boolean) => void,
): void {
  const { text, range } = source;
  const hash = { first: 0, second: 0, length: 0 };
  const place = { text, from: 0, to: 0 };
  let at = range.from;
  while (at < range.to) {
    const end = endOfLine(text, at, range);
    const from = range.escaped ? at : afterLineNumber(text, at, end);
    hashLine(text, { from, to: end, escaped: range.escaped }, hash);
    place.from = from;
    place.to = end;
    found(hash.length >= SHORTEST ? lines.number(hash, 0, place) : -1, at, from > at);
    at = end + (range.escaped ? 2 : 1);
  }
}

/** Signs and letters that a line must have to say something: `});` and `return;` do not. */
const SHORTEST = 7;

/** Where the text of a line begins behind the number that a file tool put before it: `  12→`, `12:` stays, `  12<tab>`. */
export function afterLineNumber(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && text.charCodeAt(at) === SPACE) at += 1;
  const digits = at;
  while (at < to && isDigit(text.charCodeAt(at))) at += 1;
  if (at === digits || at >= to) return from;
  const sign = text.charCodeAt(at);
  if (sign === ARROW || sign === TAB) return at + 1;
  return sign === BAR && text.charCodeAt(at + 1) === SPACE ? at + 2 : from;
}

const SPACE = 32;
const TAB = 9;
const ARROW = 0x2192;
const BAR = 124;
const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_N = 110;
const LETTER_U = 117;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Where the line ends: before its line end, or where the range does. */
function endOfLine(text: string, from: number, range: LineRange): number {
  if (!range.escaped) {
    const end = text.indexOf('\n', from);
    return end < 0 || end > range.to ? range.to : end;
  }
  // Not by indexOf: of a million short strings in one call, each would look through all that follow.
  for (let at = from; at < range.to; at += 1) {
    if (text.charCodeAt(at) !== BACKSLASH) continue;
    if (text.charCodeAt(at + 1) === LETTER_N) return at;
    at += 1;
  }
  return range.to;
}

/** FNV-1a, twice, over what counts. */
function hashLine(
  text: string,
  line: LineRange,
  into: { first: number; second: number; length: number },
): void {
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  let length = 0;
  for (let at = line.from; at < line.to; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH && line.escaped) at += text.charCodeAt(at + 1) === LETTER_U ? 5 : 1;
    if (code <= SPACE || code === QUOTE || code === BACKSLASH) continue;
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x5bd1e995);
    length += 1;
  }
  into.first = first ^ (first >>> 15);
  into.second = second;
  into.length = length;
}
