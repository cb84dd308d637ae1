import { estimateTokens } from './estimate-tokens.ts';
import type { Memory, MemoryPiece } from './memory.ts';
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
  readonly freed: number;
}

/** Drafts of one memory: `draft(n)` makes the first `n` of `count` moves, those that lose least for what they free. */
export interface Drafts {
  readonly count: number;
  readonly draft: (moves: number) => Draft;
}

export const STUB_TOKENS = 15;
const PART_TOKENS = 12;
/** A line number, the space before it and the sign behind it. */
const LINE_NUMBER_TOKENS = 4;

export function draftsOf(memory: Memory, worth: Worth): Drafts {
  const totals = new Int32Array(memory.names.table.size);
  for (const name of memory.names.ids) totals[name] = (totals[name] ?? 0) + 1;
  const costs = new Float64Array(memory.names.table.size);
  const costOf = (name: number): number =>
    (costs[name] ||= (estimateTokens(memory.names.table.word(name)) + 0.15) * WORD_RATE);
  const moves = movesOf(memory, worth);
  const draft = (count: number): Draft => {
    const fates = new Uint8Array(memory.pieces.length);
    let price = 0;
    for (const move of moves.slice(0, count)) {
      fates[move.piece] = move.fate;
      price = Math.max(price, move.price);
    }
    return outline({ memory, worth, fates, price, costOf, left: namesLeft(memory, totals, fates) });
  };
  return { count: moves.length, draft };
}

/** Lists of names are dearer than prose. */
const WORD_RATE = 1.15;

interface Move {
  readonly piece: number;
  readonly fate: number;
  /** Chance of a fault per token freed. */
  readonly price: number;
}

/** All moves, cheapest first: first what loses nothing (line numbers, oldest first), then pieces by their worth per token. */
function movesOf(memory: Memory, worth: Worth): Move[] {
  const moves: Move[] = [];
  memory.pieces.forEach((piece, index) => {
    if (piece.numbered >= LEAST_NUMBERED) moves.push({ piece: index, fate: CONDENSED, price: 0 });
    const freed = Math.max(1, condensedTokens(piece) * NAMES_LEAVE);
    moves.push({ piece: index, fate: NAMED, price: (worth.pieces[index] ?? 0) / freed });
  });
  return moves.toSorted((a, b) => a.price - b.price || a.fate - b.fate || a.piece - b.piece);
}

const LEAST_NUMBERED = 3;
const NAMES_LEAVE = 0.7;

function condensedTokens(piece: MemoryPiece): number {
  return piece.numbered < LEAST_NUMBERED ? piece.tokens : Math.max(1, piece.tokens - piece.numbered * LINE_NUMBER_TOKENS);
}

interface Desk {
  readonly memory: Memory;
  readonly worth: Worth;
  readonly fates: Uint8Array;
  /** What a token costs at the margin: a name is listed when its own chance is worth its tokens. */
  readonly price: number;
  readonly costOf: (name: number) => number;
  readonly left: Int32Array;
}

/** How often each name still stands in the prompt once the pieces with this fate left. */
function namesLeft(memory: Memory, totals: Int32Array, fates: Uint8Array): Int32Array {
  const left = totals.slice();
  memory.pieces.forEach((piece, index) => {
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
    const last = endOf(desk, first, (at) => desk.fates[at] !== WHOLE);
    const run = runOf(desk, first, last);
    first = last;
    if (run.tokens - run.stubTokens < LEAST_GAIN) continue;
    runs.push(run);
    freed += run.tokens - run.stubTokens;
  }
  return { runs, freed };
}

const LEAST_GAIN = 12;

/** The last of the pieces from `first` on that touch each other and pass. */
function endOf(desk: Desk, first: number, passes: (at: number) => boolean): number {
  const { pieces } = desk.memory;
  let last = first;
  while (pieces[last + 1]?.item === pieces[first]?.item && pieces[last + 1]?.from === pieces[last]?.to && passes(last + 1)) {
    last += 1;
  }
  return last;
}

function runOf(desk: Desk, first: number, last: number): Run {
  const parts: RunPart[] = [];
  let tokens = 0;
  let stubTokens = STUB_TOKENS;
  for (let at = first; at <= last; at += 1) {
    const end = Math.min(last, endOf(desk, at, (next) => desk.fates[next] === desk.fates[at]));
    const part = partOf(desk, at, end);
    for (let piece = at; piece <= end; piece += 1) tokens += desk.memory.pieces[piece]?.tokens ?? 0;
    stubTokens += part.tokens + (at === first ? 0 : PART_TOKENS);
    parts.push(part);
    at = end;
  }
  return { item: desk.memory.pieces[first]?.item ?? 0, first, last, parts, tokens, stubTokens };
}

function partOf(desk: Desk, first: number, last: number): RunPart & { tokens: number } {
  const { memory, left } = desk;
  const fate = desk.fates[first] ?? WHOLE;
  let tokens = 0;
  if (fate === CONDENSED) {
    for (let at = first; at <= last; at += 1) tokens += condensedTokens(memory.pieces[at] as MemoryPiece);
    return { first, last, fate, names: [], tokens };
  }
  const names: number[] = [];
  for (let at = memory.pieces[first]?.namesFrom ?? 0; at < (memory.pieces[last]?.namesTo ?? 0); at += 1) {
    const name = memory.names.ids[at] ?? 0;
    const cost = desk.costOf(name);
    if (left[name] !== 0 || (desk.worth.names[name] ?? 0) < Math.max(desk.price * NAME_SHARE, LEAST_PRICE) * cost) continue;
    left[name] = 1;
    names.push(name);
    tokens += cost;
  }
  return { first, last, fate, names, tokens };
}

/** A name that is missed costs a look at the archive; a line that is missed costs an edit. */
const NAME_SHARE = 1;
const LEAST_PRICE = 0.001;
