import type { CutMemory, MemoryPiece } from './cut.ts';
import { estimateTokens } from './estimate-tokens.ts';
import type { Worth } from './rank.ts';

/** What becomes of a piece: it stays, it stays without its line numbers, or only its names stay. */
export const WHOLE = 0;
export const CONDENSED = 1;
export const NAMED = 2;

/** Pieces `first` to `last` (included) of one stretch, which leave together under one recall id and share a stub. */
export interface Run {
  readonly item: number;
  readonly first: number;
  readonly last: number;
  readonly parts: readonly RunPart[];
  /** Tokens of the pieces, and about how many the stub costs. */
  readonly tokens: number;
  readonly stubTokens: number;
}

/** Neighbours of a run with the same fate, and the names that the stub lists for them. */
export interface RunPart {
  readonly first: number;
  readonly last: number;
  readonly fate: number;
  readonly names: readonly number[];
}

/** What the prompt would become. */
export interface Draft {
  readonly runs: readonly Run[];
  /** About how many tokens it frees, its stubs paid. */
  readonly freed: number;
}

/**
 * Drafts of one memory: `draft(n, dear)` makes the first `n` of `count` moves, those that lose least for what they free, and
 * lists names as if each were `dear` times as dear.
 */
export interface Drafts {
  readonly count: number;
  readonly draft: (moves: number, dear: number) => Draft;
}

/** Measured: a stub's frame, the frame of a further part, and a line number with the space before it and the sign behind it. */
const STUB_TOKENS = 15;
const PART_TOKENS = 10;
const LINE_NUMBER_TOKENS = 4;
/** A stub must free this much to be worth its place. */
const LEAST_GAIN = 12;
/** Fewer numbers than this before lines may be anything. */
export const LEAST_NUMBERED = 3;
/** What is left of a piece's tokens to be freed when its names stay: a guess that only orders the moves. */
const NAMES_LEAVE = 0.7;
/** The least chance per token for which a name is listed. */
const NAME_PRICE = 0.001;
/** Lists of names are dearer than prose. */
const WORD_RATE = 1.15;

/** Orders the moves once; each draft of them is then one pass over the memory, made once. */
export function draftsOf(cut: CutMemory, worth: Worth): Drafts {
  const { table, ids } = cut.memory.names;
  const totals = new Int32Array(table.size);
  for (const name of ids) totals[name] = (totals[name] ?? 0) + 1;
  const costs = new Float64Array(table.size);
  const costOf = (name: number): number =>
    (costs[name] ||= (estimateTokens(table.word(name)) + 0.15) * WORD_RATE * cut.rate);
  const moves = movesOf(cut, worth);
  const made = new Map<string, Draft>();
  const draft = (count: number, dear: number): Draft => {
    const key = `${count} ${dear}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const fates = new Uint8Array(cut.pieces.length);
    for (let at = 0; at < count; at += 1) fates[moves[at]?.piece ?? 0] = moves[at]?.fate ?? WHOLE;
    const left = namesLeft(cut, totals, fates);
    const drafted = outline({ ...cut, worth, fates, costOf, left, namePrice: NAME_PRICE * dear });
    made.set(key, drafted);
    return drafted;
  };
  return { count: moves.length, draft };
}

interface Move {
  readonly piece: number;
  readonly fate: number;
  /** Chance of a fault per token freed. */
  readonly price: number;
}

/** All moves, cheapest first: what loses nothing (line numbers, oldest first), then pieces by their worth per token. */
function movesOf({ pieces, rate }: CutMemory, worth: Worth): Move[] {
  const moves: Move[] = [];
  pieces.forEach((piece, index) => {
    if (piece.numbered >= LEAST_NUMBERED) moves.push({ piece: index, fate: CONDENSED, price: 0 });
    const freed = Math.max(1, condensedTokens(piece, rate) * NAMES_LEAVE);
    moves.push({ piece: index, fate: NAMED, price: (worth.pieces[index] ?? 0) / freed });
  });
  return moves.toSorted((a, b) => a.price - b.price || a.fate - b.fate || a.piece - b.piece);
}

function condensedTokens(piece: MemoryPiece, rate: number): number {
  if (piece.numbered < LEAST_NUMBERED) return piece.tokens;
  return Math.max(1, piece.tokens - piece.numbered * LINE_NUMBER_TOKENS * rate);
}

interface Desk extends CutMemory {
  readonly worth: Worth;
  readonly fates: Uint8Array;
  readonly costOf: (name: number) => number;
  readonly namePrice: number;
  /** How often each name still stands in the prompt. */
  readonly left: Int32Array;
}

function namesLeft({ memory, pieces }: CutMemory, totals: Int32Array, fates: Uint8Array): Int32Array {
  const left = totals.slice();
  pieces.forEach((piece, index) => {
    if (fates[index] !== NAMED) return;
    for (let at = piece.namesFrom; at < piece.namesTo; at += 1) {
      const name = memory.names.ids[at] ?? 0;
      left[name] = (left[name] ?? 0) - 1;
    }
  });
  return left;
}

function outline(desk: Desk): Draft {
  const runs: Run[] = [];
  let freed = 0;
  for (let first = 0; first < desk.fates.length; first += 1) {
    if (desk.fates[first] === WHOLE) continue;
    const last = endOf(desk, first, (fate) => fate !== WHOLE);
    const run = runOf(desk, first, last);
    first = last;
    if (run.tokens - run.stubTokens < LEAST_GAIN) continue;
    runs.push(run);
    freed += run.tokens - run.stubTokens;
  }
  return { runs, freed };
}

/** The last of the pieces from `first` on that touch each other and whose fate passes. */
function endOf({ pieces, fates }: Desk, first: number, passes: (fate: number) => boolean): number {
  let last = first;
  while (
    pieces[last + 1]?.item === pieces[first]?.item &&
    pieces[last + 1]?.from === pieces[last]?.to &&
    passes(fates[last + 1] ?? WHOLE)
  ) {
    last += 1;
  }
  return last;
}

function runOf(desk: Desk, first: number, last: number): Run {
  const parts: RunPart[] = [];
  let tokens = 0;
  let stubTokens = STUB_TOKENS * desk.rate;
  for (let at = first; at <= last; at += 1) {
    const fate = desk.fates[at] ?? WHOLE;
    const end = endOf(desk, at, (next) => next === fate);
    for (let piece = at; piece <= end; piece += 1) tokens += desk.pieces[piece]?.tokens ?? 0;
    const part = fate === CONDENSED ? condensed(desk, at, end) : named(desk, at, end);
    stubTokens += part.tokens + (at === first ? 0 : PART_TOKENS * desk.rate);
    parts.push(part);
    at = end;
  }
  return { item: desk.pieces[first]?.item ?? 0, first, last, parts, tokens, stubTokens };
}

type CountedPart = RunPart & { readonly tokens: number };

function condensed(desk: Desk, first: number, last: number): CountedPart {
  const tokens = desk.pieces
    .slice(first, last + 1)
    .reduce((sum, piece) => sum + condensedTokens(piece, desk.rate), 0);
  return { first, last, fate: CONDENSED, names: [], tokens };
}

/** Lists each name that would be lost once, in the first stub that could have it. */
function named(desk: Desk, first: number, last: number): CountedPart {
  const { memory, pieces, left, worth, costOf, namePrice } = desk;
  const names: number[] = [];
  let tokens = 0;
  for (let at = pieces[first]?.namesFrom ?? 0; at < (pieces[last]?.namesTo ?? 0); at += 1) {
    const name = memory.names.ids[at] ?? 0;
    if (left[name] !== 0 || (worth.names[name] ?? 0) < namePrice * costOf(name)) continue;
    left[name] = 1;
    names.push(name);
    tokens += costOf(name);
  }
  return { first, last, fate: NAMED, names, tokens };
}
