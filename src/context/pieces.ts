import { estimateUnits } from './estimate-tokens.ts';
import { IntList } from './int-list.ts';
import type { LineRange } from './lines.ts';
import { unitsOf, type Units } from './text-units.ts';

/** Characters `from` to `to` (UTF-16, end excluded) of an item's text, and about how many tokens they are. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/** Of a piece; what is no larger is one. */
export const PIECE_TOKENS = 220;

/** The rows of stretches, in order: behind which character each ends, and about how many tokens it is. */
export interface RowList {
  readonly ends: IntList;
  readonly tokens: number[];
}

/** Rows of one stretch: those from `rowsFrom` to `rowsTo` (end excluded) of a list. */
export interface RowRange extends LineRange {
  readonly rowsFrom: number;
  readonly rowsTo: number;
}

/**
 * Lists a stretch of text row by row, so that together they are the stretch again. A row is a line; one without an end is cut
 * by its length, never inside a surrogate pair or an escape.
 */
export function listRows(units: Units, stretch: LineRange, into: RowList): void {
  let at = stretch.from;
  while (at < stretch.to) {
    const end = endOfLine(units, at, stretch);
    into.ends.push(end);
    into.tokens.push(estimateUnits(units, at, end));
    at = end;
  }
}

/** Cuts a stretch of text into pieces of about `size` tokens at the ends of rows. */
export function cutPieces(text: string, stretch: LineRange, size: number): Piece[] {
  const rows: RowList = { ends: new IntList(), tokens: [] };
  listRows(unitsOf(text), stretch, rows);
  return cutRows(rows, { ...stretch, rowsFrom: 0, rowsTo: rows.ends.length }, size);
}

/** Joins rows to pieces of about `size` tokens. */
export function cutRows(rows: RowList, { from: start, rowsFrom, rowsTo }: RowRange, size: number): Piece[] {
  const pieces: Piece[] = [];
  let from = start;
  let at = start;
  let tokens = 0;
  for (let row = rowsFrom; row < rowsTo; row += 1) {
    const own = rows.tokens[row] ?? 0;
    if (at > from && tokens + own > size * 1.25) {
      pieces.push({ from, to: at, tokens });
      from = at;
      tokens = 0;
    }
    at = rows.ends.at(row);
    tokens += own;
    if (tokens < size) continue;
    pieces.push({ from, to: at, tokens });
    from = at;
    tokens = 0;
  }
  if (at > from) pieces.push({ from, to: at, tokens });
  return pieces;
}

const LONGEST_LINE = 800;

/** Behind the line's end; a line that is too long ends anywhere that splits nothing. */
function endOfLine(units: Units, from: number, stretch: LineRange): number {
  const most = Math.min(stretch.to, from + LONGEST_LINE);
  const end =
    stretch.escaped > 0
      ? endOfEscapedLine(units, from, { to: most, escaped: stretch.escaped })
      : endOfPlainLine(units, from, most);
  return end < stretch.to ? beforeSplitPair(units, end) : stretch.to;
}

function endOfPlainLine(units: Units, from: number, most: number): number {
  // Not by indexOf, which would look through megabytes for each piece of a text without a break.
  for (let at = from; at < most; at += 1) if (units[at] === 10) return at + 1;
  return most;
}

function endOfEscapedLine(
  units: Units,
  from: number,
  { to, escaped }: Pick<LineRange, 'to' | 'escaped'>,
): number {
  let at = from;
  while (at < to) {
    const length = escaped === 2 ? nestedLength(units, at) : escapeLength(units, at);
    if (at + length > to) return at > from ? at : at + length;
    // The line's end has one backslash in one string of JSON, and two in a string inside it.
    if (length === escaped + 1 && units[at + escaped] === 110 && units[at] === 92) return at + length;
    at += length;
  }
  return at;
}

function escapeLength(units: Units, at: number): number {
  if (units[at] !== 92) return 1;
  return units[at + 1] === 117 ? 6 : 2;
}

/** Of an escape whose backslash is an escape itself, with the sign behind it, which may be one, too. */
function nestedLength(units: Units, at: number): number {
  if (units[at] !== 92 || units[at + 1] !== 92) return escapeLength(units, at);
  return units[at + 2] === 92 ? 4 : escapeLength(units, at + 1) + 1;
}

function beforeSplitPair(units: Units, at: number): number {
  const before = units[at - 1] ?? 0;
  const after = units[at] ?? 0;
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? at - 1 : at;
}
