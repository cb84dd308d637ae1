import { estimateTokens } from './estimate-tokens.ts';
import type { LineRange } from './lines.ts';

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
  const pieces: Piece[] = [];
  let from = stretch.from;
  let at = stretch.from;
  let tokens = 0;
  const close = (): void => {
    if (at > from) pieces.push({ from, to: at, tokens });
    from = at;
    tokens = 0;
  };
  while (at < stretch.to) {
    const end = endOfLine(text, at, stretch);
    const line = estimateTokens(text, at, end);
    if (tokens + line > size * 1.25) close();
    at = end;
    tokens += line;
    if (tokens >= size) close();
  }
  close();
  return pieces;
}

const LONGEST_LINE = 800;

/** Behind the line's end; a line that is too long ends anywhere that splits nothing. */
function endOfLine(text: string, from: number, stretch: LineRange): number {
  const most = Math.min(stretch.to, from + LONGEST_LINE);
  const end = stretch.escaped ? endOfEscapedLine(text, from, most) : endOfPlainLine(text, from, most);
  return end < stretch.to ? beforeSplitPair(text, end) : stretch.to;
}

function endOfPlainLine(text: string, from: number, most: number): number {
  // Not by indexOf, which would look through megabytes for each piece of a text without a break.
  for (let at = from; at < most; at += 1) if (text.charCodeAt(at) === 10) return at + 1;
  return most;
}

function endOfEscapedLine(text: string, from: number, most: number): number {
  let at = from;
  while (at < most) {
    const length = escapeLength(text, at);
    if (at + length > most) return at > from ? at : at + length;
    if (length === 2 && text.charCodeAt(at + 1) === 110) return at + 2;
    at += length;
  }
  return at;
}

function escapeLength(text: string, at: number): number {
  if (text.charCodeAt(at) !== 92) return 1;
  return text.charCodeAt(at + 1) === 117 ? 6 : 2;
}

function beforeSplitPair(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? at - 1 : at;
}
