import type { Facts } from './facts.ts';
import { afterLineNumber } from './lines.ts';
import type { AdmittedItem } from './flash-item.ts';
import type { Memory } from './memory.ts';
import { cutPieces, type Piece } from './pieces.ts';
import { isCuttable, type Role, type Stretch } from './stretches.ts';

/** A piece that may leave, with its place in the memory: which names and lines stand in it. */
export interface MemoryPiece extends Piece {
  readonly item: number;
  /** Tokens before they were brought to the scale of the item's own count. */
  readonly estimate: number;
  readonly role: Role;
  /** Lines that begin with a number which a file tool put there. */
  readonly numbered: number;
  readonly namesFrom: number;
  readonly namesTo: number;
  readonly linesFrom: number;
  readonly linesTo: number;
}

/** A memory with its pieces. */
export interface CutMemory {
  readonly memory: Memory;
  readonly pieces: readonly MemoryPiece[];
  /** Counted tokens for one that the estimator says, over all pieces and by item: other models count otherwise. */
  readonly rate: number;
  readonly rates: Float64Array;
}

/** Items below this stay: a stub would save nothing. */
const LEAST_TOKENS = 48;
const PIECE_TOKENS = 220;

/**
 * Cuts whatever may leave into pieces. A cut is made, too, where lines begin or end that the prompt shows again further down
 * or that an edit has replaced since, so that such lines can leave alone.
 */
export function cutMemory(facts: Facts): CutMemory {
  const { items, kept, stretches } = facts.memory;
  const pieces = items.flatMap((item, index) => {
    if (kept[index] === true || item.tokens < LEAST_TOKENS) return [];
    const cuttable = (stretches[index] ?? []).filter((stretch) => isCuttable(item, stretch));
    return calibrated(
      item,
      cuttable.flatMap((stretch) => cutStretch(facts, index, stretch)),
    );
  });
  const estimate = pieces.reduce((sum, piece) => sum + piece.estimate, 0);
  const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  const rate = estimate === 0 ? 1 : tokens / estimate;
  const rates = new Float64Array(items.length).fill(rate);
  for (const piece of pieces) rates[piece.item] = piece.tokens / piece.estimate;
  return { memory: facts.memory, pieces, rate, rates };
}

/** What a provider adds around a message is not in its text. */
const ENVELOPE_TOKENS = 4;

/** Estimates brought to the scale of the item's own count. */
function calibrated(item: AdmittedItem, pieces: readonly MemoryPiece[]): MemoryPiece[] {
  const estimate = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  const covered = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
  if (estimate === 0) return [...pieces];
  const counted = (Math.max(1, item.tokens - ENVELOPE_TOKENS) * covered) / item.text.length;
  const rate = Math.min(4, Math.max(0.25, counted / estimate));
  return pieces.map((piece) => ({ ...piece, tokens: piece.tokens * rate }));
}

function cutStretch(facts: Facts, index: number, stretch: Stretch): MemoryPiece[] {
  const text = facts.memory.items[index]?.text ?? '';
  const ends = [...breaksOf(facts, index, stretch), stretch.to];
  let from = stretch.from;
  return ends.flatMap((to) => {
    const pieces = cutPieces(text, { ...stretch, from, to }, PIECE_TOKENS);
    from = to;
    return pieces.map((piece) => placed(facts, piece, { index, stretch }));
  });
}

const LEAST_RUN = 4;

/** Where runs of at least `LEAST_RUN` lines begin and end that stand elsewhere or are no longer true. */
function breaksOf(facts: Facts, index: number, stretch: Stretch): number[] {
  const { lines } = facts.memory;
  const first = firstAtOrAfter(
    lines.at,
    lines.starts[index] ?? 0,
    lines.starts[index + 1] ?? 0,
  )(stretch.from);
  const last = firstAtOrAfter(lines.at, first, lines.starts[index + 1] ?? 0)(stretch.to);
  const breaks: number[] = [];
  for (let at = first; at < last; at += 1) {
    const end = endOfSpent(facts, index, { at, last });
    if (end - at >= LEAST_RUN) breaks.push(lines.at[at] ?? 0, end < last ? (lines.at[end] ?? 0) : stretch.to);
    at = Math.max(at, end);
  }
  return [...new Set(breaks)].filter((at) => at > stretch.from && at < stretch.to);
}

function endOfSpent(facts: Facts, index: number, range: { at: number; last: number }): number {
  let end = range.at;
  while (end < range.last && isSpent(facts, end, index)) end += 1;
  return end;
}

/**
 * Whether the line at this place of an item is shown again further down, or was replaced by an edit and is not shown since.
 * What an edit quotes and writes again is in the file still: there its new text is the last that shows it.
 */
function isSpent(facts: Facts, at: number, item: number): boolean {
  const line = facts.memory.lines.ids[at] ?? 0;
  if ((facts.lines.shown[line] ?? -1) > item) return true;
  const replaced = facts.lines.replaced[line] ?? -1;
  return facts.memory.lineRoles[at] === 'old' ? replaced >= item : replaced > item;
}

/** The share of a piece's lines that are spent. */
export function shareSpent(facts: Facts, piece: MemoryPiece): number {
  let spent = 0;
  for (let at = piece.linesFrom; at < piece.linesTo; at += 1) {
    if (isSpent(facts, at, piece.item)) spent += 1;
  }
  return spent / Math.max(1, piece.linesTo - piece.linesFrom);
}

function placed(facts: Facts, piece: Piece, place: { index: number; stretch: Stretch }): MemoryPiece {
  const { names, lines, items } = facts.memory;
  const { index } = place;
  const item = items[index];
  const nameAt = firstAtOrAfter(names.at, names.starts[index] ?? 0, names.starts[index + 1] ?? 0);
  const lineAt = firstAtOrAfter(lines.at, lines.starts[index] ?? 0, lines.starts[index + 1] ?? 0);
  return {
    ...piece,
    item: index,
    estimate: piece.tokens,
    role: place.stretch.role,
    numbered: item?.kind === 'result' ? numberedLines(item.text, piece) : 0,
    namesFrom: nameAt(piece.from),
    namesTo: nameAt(piece.to),
    linesFrom: lineAt(piece.from),
    linesTo: lineAt(piece.to),
  };
}

function numberedLines(text: string, piece: Piece): number {
  let count = 0;
  for (let at = piece.from; at < piece.to;) {
    const end = text.indexOf('\n', at);
    const next = end < 0 || end >= piece.to ? piece.to : end + 1;
    if (afterLineNumber(text, at, next) > at) count += 1;
    at = next;
  }
  return count;
}

/** The first place in `[low, high)` whose position is not before the one asked for: those of one item ascend. */
function firstAtOrAfter(at: readonly number[], low: number, high: number): (position: number) => number {
  return (position) => {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((at[middle] ?? 0) < position) from = middle + 1;
      else to = middle;
    }
    return from;
  };
}
