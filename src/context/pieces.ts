import { estimateTokens } from './estimate-tokens.ts';

/** Characters `from` to `to` (UTF-16, end excluded) of an item's text, and about how many tokens they are. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/**
 * Cuts a stretch of text into pieces of about `size` tokens at line ends, so that together they are the stretch again.
 * A line without an end is cut at `size` tokens' worth of characters, never inside a surrogate pair.
 */
export function cutPieces(text: string, stretch: Stretch, size = PIECE_TOKENS): Piece[] {
  const pieces: Piece[] = [];
  let from = stretch.from;
  let at = stretch.from;
  let tokens = 0;
  while (at < stretch.to) {
    const lineEnd = endOfLine(text, at, stretch);
    const line = estimateTokens(text.slice(at, lineEnd)) * stretch.rate;
    if (tokens > 0 && tokens + line > size * 1.25) {
      pieces.push({ from, to: at, tokens });
      from = at;
      tokens = 0;
    }
    at = lineEnd;
    tokens += line;
    if (tokens < size) continue;
    pieces.push({ from, to: at, tokens });
    from = at;
    tokens = 0;
  }
  if (at > from) pieces.push({ from, to: at, tokens });
  return pieces;
}

/** Part of a text that may leave the prompt. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** In JSON a line ends with the two characters of its escape. */
  readonly escaped: boolean;
  /** Tokens of the item per token that the estimator would say. */
  readonly rate: number;
}

export const PIECE_TOKENS = 220;
const LONGEST_LINE = 800;

function endOfLine(text: string, from: number, stretch: Stretch): number {
  const most = Math.min(stretch.to, from + LONGEST_LINE);
  const end = stretch.escaped ? endOfEscapedLine(text, from, most) : endOfPlainLine(text, from, most);
  return end < stretch.to ? beforeSplitPair(text, end) : stretch.to;
}

function endOfPlainLine(text: string, from: number, most: number): number {
  for (let at = from; at < most; at += 1) if (text.charCodeAt(at) === 10) return at + 1;
  return most;
}

/** Ends after the escape of a line end; a line that is too long ends before an escape, never inside one. */
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
