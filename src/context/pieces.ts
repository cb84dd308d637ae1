import { estimateUnits } from './estimate-tokens.ts';
import type { LineRange } from './lines.ts';
import { unitsOf, type Units } from './text-units.ts';

/** Characters `from` to `to` (UTF-16, end excluded) of an item's text, and about how many tokens they are. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/**
 * Cuts a stretch of text into pieces of about `size` tokens at line ends, so that together they are the stretch again.
 * A line without an end is cut by its length, never inside a surrogate pair or an escape.
 */
export function cutPieces(text: string, stretch: LineRange, size: number): Piece[] {
  return cutUnits(unitsOf(text), stretch, size);
}

/** As `cutPieces`, of a text that is read already. */
export function cutUnits(units: Units, stretch: LineRange, size: number): Piece[] {
  const pieces: Piece[] = [];
  const { to } = stretch;
  let from = stretch.from;
  let at = stretch.from;
  let tokens = 0;
  while (at < to) {
    const end = endOfLine(units, at, stretch);
    const line = estimateUnits(units, at, end);
    if (at > from && tokens + line > size * 1.25) {
      pieces.push({ from, to: at, tokens });
      from = at;
      tokens = 0;
    }
    at = end;
    tokens += line;
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
  const end = stretch.escaped ? endOfEscapedLine(units, from, most) : endOfPlainLine(units, from, most);
  return end < stretch.to ? beforeSplitPair(units, end) : stretch.to;
}

function endOfPlainLine(units: Units, from: number, most: number): number {
  // Not by indexOf, which would look through megabytes for each piece of a text without a break.
  for (let at = from; at < most; at += 1) if (units[at] === 10) return at + 1;
  return most;
}

function endOfEscapedLine(units: Units, from: number, most: number): number {
  let at = from;
  while (at < most) {
    const length = escapeLength(units, at);
    if (at + length > most) return at > from ? at : at + length;
    if (length === 2 && units[at + 1] === 110) return at + 2;
    at += length;
  }
  return at;
}

function escapeLength(units: Units, at: number): number {
  if (units[at] !== 92) return 1;
  return units[at + 1] === 117 ? 6 : 2;
}

function beforeSplitPair(units: Units, at: number): number {
  const before = units[at - 1] ?? 0;
  const after = units[at] ?? 0;
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? at - 1 : at;
}
