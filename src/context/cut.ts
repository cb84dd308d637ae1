import { estimateTokens } from './estimate-tokens.ts';
import type { Facts } from './facts.ts';
import type { AdmittedItem } from './flash-item.ts';
import { numberTokens as tokensOfNumber } from './line-numbers.ts';
import type { Escapes } from './lines.ts';
import type { Memory, Places } from './memory.ts';
import { cutRows, type Piece, PIECE_TOKENS } from './pieces.ts';
import type { ReadStretch } from './readings.ts';
import { ROLES } from './patch.ts';
import { isCuttable, mayBeCut, type Role } from './stretches.ts';

/** A piece that may leave, its tokens by the item's own count, and its place in the memory: which names and lines stand in it. */
export interface MemoryPiece extends Piece {
  readonly item: number;
  readonly role: Role;
  readonly escaped: Escapes;
  /** Lines that begin with a number which a file tool put there. */
  readonly numbered: number;
  /** The first of them. */
  readonly numberedFrom: number;
  /** About how many tokens their numbers are. */
  readonly numberTokens: number;
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
  const size = pieceSize(items);
  const pieces: MemoryPiece[] = [];
  const rates = new Float64Array(items.length);
  const estimated = { characters: 0, estimate: 0, tokens: 0 };
  items.forEach((item, index) => {
    if (kept[index] === true || !mayBeCut(item)) return;
    const asOne = item.tokens <= PIECE_TOKENS && estimated.characters > SAMPLE;
    const raw = asOne ? uncutPieces(facts, index) : rawPieces(facts, index, size);
    const number = asOne ? NO_NUMBER : numberOf(facts.memory, index);
    const rate = asOne ? perCharacter(item) : rateOf(item, raw, number);
    for (const piece of raw) pieces.push(placed(facts, piece, { index, rate, number }));
    if (asOne) return;
    const estimate = raw.reduce((sum, piece) => sum + piece.tokens, 0) - number.count * number.estimate;
    estimated.characters += item.text.length;
    estimated.estimate += estimate;
    estimated.tokens += estimate * rate;
    rates[index] = rate;
  });
  const rate = estimated.estimate === 0 ? 1 : estimated.tokens / estimated.estimate;
  rates.forEach((own, index) => (rates[index] = own || rate));
  return { memory: facts.memory, nameCounts: facts.names.counts, pieces, rate, rates };
}

/** In a small memory a piece of the usual size would be a large part of what a target asks for. */
function pieceSize(items: readonly AdmittedItem[]): number {
  const total = items.reduce((sum, { tokens }) => sum + tokens, 0);
  return Math.min(PIECE_TOKENS, Math.max(LEAST_PIECE, total * PIECE_SHARE));
}

const PIECE_SHARE = 0.04;
const LEAST_PIECE = 12;

/** Once so many characters have been estimated, what one token of the estimator is is known: small items are only counted. */
const SAMPLE = 50_000;

/** What a provider adds around a message is not in its text. */
const ENVELOPE_TOKENS = 4;

/** What a line's number is in an item: about how many tokens, and how many the estimator says; and how many there are. */
interface NumberCost {
  readonly tokens: number;
  readonly estimate: number;
  readonly count: number;
}

/** Of most file tools. */
const LINE_NUMBER_TOKENS = 4;

const NO_NUMBER: NumberCost = { tokens: LINE_NUMBER_TOKENS, estimate: 0, count: 0 };

/** By some in the middle: rows are estimated one by one and with their numbers, what stays of them together and without. */
function numberOf({ items, numbered }: Memory, index: number): NumberCost {
  const first = numbered.starts[index] ?? 0;
  const end = numbered.ends[index] ?? 0;
  if (end === first) return NO_NUMBER;
  const text = items[index]?.text ?? '';
  const from = Math.max(first, ((first + end) >> 1) - (SAMPLED_NUMBERS >> 1));
  const to = Math.min(end, from + SAMPLED_NUMBERS);
  let [rows, tokens] = [0, 0];
  let left = '';
  for (let at = from; at < to; at += 1) {
    const [start, behind] = [numbered.at[at] ?? 0, numbered.behind[at] ?? 0];
    const next = at + 1 < end ? (numbered.at[at + 1] ?? 0) : Math.min(text.length, behind + 1);
    rows += estimateTokens(text, start, Math.min(next, behind + LONGEST_SAMPLE));
    left += text.slice(behind, Math.min(next, behind + LONGEST_SAMPLE));
    tokens += tokensOfNumber(text, start, behind);
  }
  const count = to - from;
  const estimate = Math.max(0, rows - estimateTokens(left)) / count;
  return { tokens: tokens / count, estimate, count: end - first };
}

const SAMPLED_NUMBERS = 16;
/** Characters of a line that tell how it is counted. */
const LONGEST_SAMPLE = 200;

/** Tokens by the item's own count for one that was estimated; line numbers aside, which are counted apart. */
function rateOf(
  item: AdmittedItem,
  pieces: readonly Piece[],
  { tokens, estimate, count }: NumberCost,
): number {
  const all = pieces.reduce((sum, piece) => sum + piece.tokens, 0) + count * (tokens - estimate);
  const covered = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0);
  if (all <= 0) return 1;
  const counted = (Math.max(1, item.tokens - ENVELOPE_TOKENS) * covered) / item.text.length;
  return Math.min(4, Math.max(0.25, counted / all));
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

function rawPieces(facts: Facts, index: number, size: number): RawPiece[] {
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
      for (const piece of cutRows(list, { from, to, escaped, rowsFrom, rowsTo }, size)) {
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
  const { linesFrom, linesTo } = stretch;
  const breaks: number[] = [];
  for (let at = linesFrom; at < linesTo; at += 1) {
    let end = at;
    while (end < linesTo && isSpent(facts, end, index)) end += 1;
    if (end - at >= LEAST_RUN) breaks.push(places[at] ?? 0, end < linesTo ? (places[end] ?? 0) : stretch.to);
    at = Math.max(at, end);
  }
  return breaks.filter((at) => at > stretch.from && at < stretch.to);
}

/**
 * Whether the line at this place of an item is shown again further down, or was replaced by an edit and is not shown since.
 * What an edit quotes and writes again is in the file still: there its new text is the last that shows it.
 */
function isSpent({ memory, lines }: Facts, at: number, item: number): boolean {
  const line = memory.lines.ids[at] ?? 0;
  if ((lines.shown[line] ?? -1) > item) return true;
  const replaced = lines.replaced[line] ?? -1;
  return memory.lines.roles[at] === ROLES.old ? replaced >= item : replaced > item;
}

/** The share of a piece's lines that are spent. */
export function shareSpent(facts: Facts, piece: MemoryPiece): number {
  let spent = 0;
  for (let at = piece.linesFrom; at < piece.linesTo; at += 1) {
    if (isSpent(facts, at, piece.item)) spent += 1;
  }
  return spent / Math.max(1, piece.linesTo - piece.linesFrom);
}

function placed(
  facts: Facts,
  piece: RawPiece,
  place: { index: number; rate: number; number: NumberCost },
): MemoryPiece {
  const { names, lines, numbered } = facts.memory;
  const { index, rate, number } = place;
  const { from, to, stretch } = piece;
  const numberedFrom = placeIn(numbered, index, from);
  const own = placeIn(numbered, index, to) - numberedFrom;
  const numberTokens = own * number.tokens * (number === NO_NUMBER ? 1 : rate);
  const words = Math.max(0, piece.tokens - own * number.estimate) * rate;
  return {
    item: index,
    from,
    to,
    tokens: number === NO_NUMBER ? words : words + numberTokens,
    role: stretch.role,
    escaped: stretch.escaped,
    numbered: own,
    numberedFrom,
    numberTokens,
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
