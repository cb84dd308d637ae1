import type { HashTable } from './hash-table.ts';
import type { IntList } from './int-list.ts';
import { lineStart, NO_STYLE, styleOf } from './line-numbers.ts';
import { type Patch, roleReader } from './patch.ts';
import type { Units } from './text-units.ts';

/** How many strings of JSON a text stands in: `\n` ends a line in one, `\\n` in one that is inside another. */
export type Escapes = 0 | 1 | 2;

/** A stretch of text to read line by line. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
  readonly escaped: Escapes;
}

/** Where the lines of texts are put: their numbers, where they begin, and what they are to the file. */
export interface LineList {
  readonly ids: IntList;
  readonly at: IntList;
  /** A `ROLES` number each. */
  readonly roles: IntList;
  /** Where those begin that a file tool numbered, and where their text does; null: nobody asks. */
  readonly numbered: { readonly at: IntList; readonly behind: IntList } | null;
}

/** What is read line by line. */
export interface LineSource {
  readonly units: Units;
  readonly range: LineRange;
  /** What a line is to the file where no sign of a patch says otherwise. */
  readonly role: number;
  readonly patch: Patch;
}

/**
 * Lists every line of a range that says something, in order. Two lines have one number when they differ only in space, quotes,
 * escapes, the number that a file tool puts before a line, and the sign that a patch does: a line of a file is the same line
 * when it is read, when an edit quotes it, and when an edit wrote it.
 */
export function scanLines(source: LineSource, lines: HashTable, into: LineList): void {
  const { units, range } = source;
  const { to } = range;
  const numbering = { ...range, style: into.numbered === null ? NO_STYLE : styleOf(units, range) };
  const isPlain = into.numbered !== null || range.escaped === 0;
  const roleAt = roleReader(source);
  let at = range.from;
  while (at < to) {
    let from = isPlain ? lineStart(units, at, numbering) : at;
    if (from > at) {
      into.numbered?.at.push(at);
      into.numbered?.behind.push(from);
    }
    const role = roleAt(at);
    if (source.patch === 'signs') from = at + 1;
    readLine(units, from, range);
    if (line.length >= SHORTEST) {
      into.ids.push(lines.number(line.first, line.second));
      into.at.push(at);
      into.roles.push(role);
    }
    at = line.next;
  }
}

/** Signs and letters that a line must have to say something: `});` and `return;` do not. */
const SHORTEST = 7;

const SPACE = 32;
const NEWLINE = 10;
const QUOTE = 34;
const BACKSLASH = 92;
const LETTER_N = 110;
const LETTER_U = 117;

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
      if (code === NEWLINE && escaped === 0) break;
      continue;
    }
    if (code === BACKSLASH) {
      if (escaped === 0) continue;
      if (escaped === 2 && units[at + 1] === BACKSLASH) at += units[at + 2] === BACKSLASH ? 2 : 1;
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
