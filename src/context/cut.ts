import type { Facts } from './facts.ts';
import type { AdmittedItem } from './flash-item.ts';
import type { Memory, Places } from './memory.ts';
import { cutRows, type Piece, PIECE_TOKENS } from './pieces.ts';
import type { ReadStretch } from './readings.ts';
import { isCuttable, mayBeCut, type Role } from './stretches.ts';

/** A piece that may leave, its tokens by the item's own count, and its place in the memory: which names and lines stand in it. */
export interface MemoryPiece extends Piece {
  readonly item: number;
  readonly role: Role;
  /** Lines that begin with a number which a file tool put there. */
  readonly numbered: number;
  /** The first of them. */
  readonly numberedFrom: number;
  readonly namesFrom: number;
  readonly namesTo: number;
  readonly linesFrom: number;
  readonly linesTo: number;
}

/** A memory with its pieces. */
export interface CutMemory {
  readonly memory: Memory;
  /** How many times each name stands in the memory. */
  readonly nameCounts: Int32Array;
  readonly pieces: readonly MemoryPiece[];
  /** Counted tokens for one that the estimator says, over all pieces and by item: models differ. */
  readonly rate: number;
  readonly rates: Float64Array;
}

/**
 * Cuts whatever may leave into pieces. A cut is made, too, where lines begin or end that the prompt shows again further down
 * or that an edit has replaced since, so that such lines can leave alone.
 */
export function cutMemory(facts: Facts): CutMemory {
  const { items, kept } = facts.memory;
  const pieces: MemoryPiece[] = [];
  const rates = new Float64Array(items.length);
  const estimated = { characters: 0, estimate: 0, tokens: 0 };
  items.forEach((item, index) => {
    if (kept[index] === true || !mayBeCut(item)) return;
    const asOne = item.tokens <= PIECE_TOKENS && estimated.characters > SAMPLE;
    const raw = asOne ? uncutPieces(facts, index) : rawPieces(facts, index);
    const rate = asOne ? perCharacter(item) : rateOf(item, raw);
    for (const piece of raw) pieces.push(placed(facts, piece, { index, rate }));
    if (asOne) return;
    const estimate = raw.reduce((sum, piece) => sum + piece.tokens, 0);
    estimated.characters += item.text.length;
    estimated.estimate += estimate;
    estimated.tokens += estimate * rate;
    rates[index] = rate;
  });
  const rate = estimated.estimate === 0 ? 1 : estimated.tokens / estimated.estimate;
  rates.forEach((own, index) => (rates[index] = own || rate));
  return { memory: facts.memory, nameCounts: facts.names.counts, pieces, rate, rates };
}

/** Once so many characters have been estimated, what one token of the estimator is is known: small items are only counted. */
const SAMPLE = 50_000;

/** What a provider adds around a message is not in its text. */
const ENVELOPE_TOKENS = 4;

/** Tokens by the item's own count for one that was estimated. */
function rateOf(item: AdmittedItem, pieces: readonly Piece[]): number {
  const estimate = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  const covered = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
  if (estimate === 0) return 1;
  const counted = (Math.max(1, item.tokens - ENVELOPE_TOKENS) * covered) / item.text.length;
  return Math.min(4, Math.max(0.25, counted / estimate));
}

function perCharacter({ tokens, text }: AdmittedItem): number {
  return Math.max(1, tokens - ENVELOPE_TOKENS) / Math.max(1, text.length);
}

type RawPiece = Piece & { readonly stretch: ReadStretch };

function cuttable({ memory }: Facts, index: number): readonly ReadStretch[] {
  const item = memory.items[index];
  if (item === undefined) return [];
  return (memory.stretches[index] ?? []).filter((stretch) => isCuttable(item, stretch));
}

/** Of a small item: cut at breaks alone, and weighed by characters. */
function uncutPieces(facts: Facts, index: number): RawPiece[] {
  const raw: RawPiece[] = [];
  for (const stretch of cuttable(facts, index)) {
    let { from } = stretch;
    for (const to of [...breaksOf(facts, index, stretch), stretch.to]) {
      if (to > from) raw.push({ from, to, tokens: to - from, stretch });
      from = to;
    }
  }
  return raw;
}

function rawPieces(facts: Facts, index: number): RawPiece[] {
  const raw: RawPiece[] = [];
  const stretches = cuttable(facts, index);
  if (stretches.length === 0) return raw;
  const { list, of } = facts.memory.rows;
  const rows = of(index);
  stretches.forEach((stretch, place) => {
    const { escaped } = stretch;
    const range = rows[place] ?? { from: 0, to: 0 };
    let rowsFrom = range.from;
    let { from } = stretch;
    for (const to of [...breaksOf(facts, index, stretch), stretch.to]) {
      let rowsTo = rowsFrom;
      // A break is where a line begins, so it is where a row ends.
      while (rowsTo < range.to && list.ends.at(rowsTo) <= to) rowsTo += 1;
      for (const piece of cutRows(list, { from, to, escaped, rowsFrom, rowsTo }, PIECE_TOKENS)) {
        raw.push({ from: piece.from, to: piece.to, tokens: piece.tokens, stretch });
      }
      from = to;
      rowsFrom = rowsTo;
    }
  });
  return raw;
}

const LEAST_RUN = 4;

/** Where runs of at least `LEAST_RUN` lines begin and end that stand elsewhere or are no longer true. */
function breaksOf(facts: Facts, index: number, stretch: ReadStretch): number[] {
  const places = facts.memory.lines.at;
  const { linesFrom, linesTo, role } = stretch;
  const breaks: number[] = [];
  for (let at = linesFrom; at < linesTo; at += 1) {
    let end = at;
    while (end < linesTo && isSpent(facts, end, { item: index, role })) end += 1;
    if (end - at >= LEAST_RUN) breaks.push(places[at] ?? 0, end < linesTo ? (places[end] ?? 0) : stretch.to);
    at = Math.max(at, end);
  }
  return breaks.filter((at) => at > stretch.from && at < stretch.to);
}

/**
 * Whether the line at this place of an item is shown again further down, or was replaced by an edit and is not shown since.
 * What an edit quotes and writes again is in the file still: there its new text is the last that shows it.
 */
function isSpent(
  facts: Facts,
  at: number,
  { item, role }: { readonly item: number; readonly role: Role },
): boolean {
  const line = facts.memory.lines.ids[at] ?? 0;
  if ((facts.lines.shown[line] ?? -1) > item) return true;
  const replaced = facts.lines.replaced[line] ?? -1;
  return role === 'old' ? replaced >= item : replaced > item;
}

/** The share of a piece's lines that are spent. */
export function shareSpent(facts: Facts, piece: MemoryPiece): number {
  let spent = 0;
  for (let at = piece.linesFrom; at < piece.linesTo; at += 1) {
    if (isSpent(facts, at, piece)) spent += 1;
  }
  return spent / Math.max(1, piece.linesTo - piece.linesFrom);
}

function placed(facts: Facts, piece: RawPiece, place: { index: number; rate: number }): MemoryPiece {
  const { names, lines, numbered } = facts.memory;
  const { index, rate } = place;
  const { from, to, stretch } = piece;
  const numberedFrom = placeIn(numbered, index, from);
  return {
    item: index,
    from,
    to,
    tokens: piece.tokens * rate,
    role: stretch.role,
    numbered: placeIn(numbered, index, to) - numberedFrom,
    numberedFrom,
    namesFrom: placeIn(names, index, from),
    namesTo: placeIn(names, index, to),
    linesFrom: placeIn(lines, index, from),
    linesTo: placeIn(lines, index, to),
  };
}

/** The first place of an item that is not before a position: those of one item ascend. */
function placeIn(places: Places, item: number, position: number): number {
  let from = places.starts[item] ?? 0;
  let to = places.ends[item] ?? 0;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((places.at[middle] ?? 0) < position) from = middle + 1;
    else to = middle;
  }
  return from;
}
