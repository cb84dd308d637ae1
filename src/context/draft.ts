import type { CutMemory, MemoryPiece } from './cut.ts';
import { type Candidates, candidatesOf, NAME_PRICE } from './candidates.ts';
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

/** The first `moves` of all moves, those that lose least for what they free; names are listed as if they were `dear` times as dear. */
export interface DraftOrder {
  readonly moves: number;
  readonly dear: number;
}

/** Drafts of one memory. */
export interface Drafts {
  /** Of all moves. */
  readonly count: number;
  /** Tokens of the pieces that the first moves touch, before anything stands in their place. */
  readonly touchedBy: (moves: number) => number;
  /** What a draft would free: a tenth of the work of making it. */
  readonly freedBy: (order: DraftOrder) => number;
  readonly draft: (order: DraftOrder) => Draft;
}

/** Measured: a stub's frame, and the frame of a further part. */
const STUB_TOKENS = 15;
const PART_TOKENS = 10;
/** A stub must free this much to be worth its place. */
const LEAST_GAIN = 12;
/** Fewer numbers than this before lines may be anything. */
export const LEAST_NUMBERED = 3;
/** What is left of a piece's tokens to be freed when its names stay: a guess that only orders the moves. */
const NAMES_LEAVE = 0.7;
/** Orders the moves once; each draft of them is then one pass over the pieces. */
export function draftsOf(cut: CutMemory, worth: Worth): Drafts {
  const moves = movesOf(cut, worth);
  const desk = newDesk(cut, candidatesOf(cut, worth));
  const known = new Map<string, number>();
  const lay = ({ moves: count }: DraftOrder): void => {
    desk.fates.fill(WHOLE);
    for (let at = 0; at < count; at += 1) desk.fates[moves.pieces[at] ?? 0] = moves.fates[at] ?? WHOLE;
    leaveNames(desk);
  };
  const freedBy = (order: DraftOrder): number => {
    const key = `${order.moves} ${order.dear}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    lay(order);
    const freed = outline(desk, order.dear, null);
    known.set(key, freed);
    return freed;
  };
  const draft = (order: DraftOrder): Draft => {
    lay(order);
    const runs: Run[] = [];
    return { freed: outline(desk, order.dear, runs), runs };
  };
  const touched = touchedTokens(moves, desk);
  return { count: moves.pieces.length, touchedBy: (count) => touched[count] ?? 0, freedBy, draft };
}

function touchedTokens({ pieces, fates }: Moves, { tokens, condensed }: Desk): Float64Array {
  const touched = new Float64Array(pieces.length + 1);
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] ?? 0;
    const own =
      fates[at] === CONDENSED ? (tokens[piece] ?? 0) - (condensed[piece] ?? 0) : (tokens[piece] ?? 0);
    touched[at + 1] = (touched[at] ?? 0) + own;
  }
  return touched;
}

interface Moves {
  readonly pieces: Int32Array;
  readonly fates: Uint8Array;
}

/** All moves, cheapest first: what loses nothing (line numbers, oldest first), then pieces by their worth per token. */
function movesOf(cut: CutMemory, worth: Worth): Moves {
  const { pieces } = cut;
  const condensed: number[] = [];
  const prices = new Float64Array(pieces.length);
  pieces.forEach((piece, index) => {
    if (piece.numbered >= LEAST_NUMBERED) condensed.push(index);
    // Chance of a fault per token freed.
    const freed = Math.max(1, condensedTokens(piece) * NAMES_LEAVE);
    prices[index] = (worth.pieces[index] ?? 0) / freed;
  });
  const named = [...prices.keys()].sort((a, b) => (prices[a] ?? 0) - (prices[b] ?? 0));
  const fates = new Uint8Array(condensed.length + named.length)
    .fill(NAMED)
    .fill(CONDENSED, 0, condensed.length);
  return { pieces: Int32Array.from([...condensed, ...named]), fates };
}

function condensedTokens(piece: MemoryPiece): number {
  return piece.numbered < LEAST_NUMBERED ? piece.tokens : Math.max(1, piece.tokens - piece.numberTokens);
}

/** What a draft is laid out on, the same memory each time. */
interface Desk {
  readonly rate: number;
  readonly candidates: Candidates;
  /** Per piece its item, its tokens, and those that its lines without their numbers are. */
  readonly items: Int32Array;
  readonly tokens: Float64Array;
  readonly condensed: Float64Array;
  /** 1: the piece begins where the one before it ends, in the same item. */
  readonly joined: Uint8Array;
  readonly fates: Uint8Array;
  /** Per candidate how many pieces still show it. */
  readonly left: Int32Array;
  /** Of the run that was read last. */
  readonly run: { tokens: number; stubTokens: number };
}

function newDesk(cut: CutMemory, candidates: Candidates): Desk {
  const { pieces, rate } = cut;
  const joined = new Uint8Array(pieces.length + 1);
  pieces.forEach((piece, index) => {
    const before = pieces[index - 1];
    joined[index] = before?.item === piece.item && before.to === piece.from ? 1 : 0;
  });
  return {
    rate,
    candidates,
    items: Int32Array.from(pieces, ({ item }) => item),
    tokens: Float64Array.from(pieces, ({ tokens }) => tokens),
    condensed: Float64Array.from(pieces, (piece) => condensedTokens(piece)),
    joined,
    fates: new Uint8Array(pieces.length),
    left: new Int32Array(candidates.spread.length),
    run: { tokens: 0, stubTokens: 0 },
  };
}

/** Takes the candidates of the pieces that leave out of the prompt. */
function leaveNames({ candidates, fates, left }: Desk): void {
  const { ids, starts, spread } = candidates;
  left.set(spread);
  for (let piece = 0; piece < fates.length; piece += 1) {
    if (fates[piece] !== NAMED) continue;
    const end = starts[piece + 1] ?? 0;
    for (let at = starts[piece] ?? 0; at < end; at += 1) left[ids[at] ?? 0] = (left[ids[at] ?? 0] ?? 0) - 1;
  }
}

/** What the fates free, and, where they are asked for, the runs. */
function outline(desk: Desk, dear: number, runs: Run[] | null): number {
  const { fates, run } = desk;
  let freed = 0;
  for (let first = 0; first < fates.length; first += 1) {
    if (fates[first] === WHOLE) continue;
    const parts: RunPart[] | null = runs === null ? null : [];
    const last = readRun(desk, first, { namePrice: NAME_PRICE * dear, parts });
    const { tokens, stubTokens } = run;
    if (tokens - stubTokens >= LEAST_GAIN) {
      runs?.push({ item: desk.items[first] ?? 0, first, last, parts: parts ?? [], tokens, stubTokens });
      freed += tokens - stubTokens;
    }
    first = last;
  }
  return freed;
}

interface Reading {
  readonly namePrice: number;
  readonly parts: RunPart[] | null;
}

/** Adds up the run that begins with this piece, and answers its last. */
function readRun(desk: Desk, first: number, reading: Reading): number {
  const { fates, joined, rate, run } = desk;
  run.tokens = 0;
  run.stubTokens = STUB_TOKENS * rate;
  let at = first;
  do {
    const fate = fates[at] ?? WHOLE;
    let last = at;
    while (joined[last + 1] === 1 && fates[last + 1] === fate) last += 1;
    const names: number[] | null = reading.parts === null ? null : [];
    const own =
      fate === CONDENSED
        ? condense(desk, at, last)
        : name(desk, { first: at, last, names }, reading.namePrice);
    run.stubTokens += own + (at === first ? 0 : PART_TOKENS * rate);
    reading.parts?.push({ first: at, last, fate, names: names ?? [] });
    at = last + 1;
  } while (joined[at] === 1 && fates[at] !== WHOLE);
  return at - 1;
}

function condense({ tokens, condensed, run }: Desk, first: number, last: number): number {
  let own = 0;
  for (let piece = first; piece <= last; piece += 1) {
    run.tokens += tokens[piece] ?? 0;
    own += condensed[piece] ?? 0;
  }
  return own;
}

/** Lists each name that would be lost once, in the first stub that could have it. */
function name(
  { tokens, candidates, left, run }: Desk,
  { first, last, names }: { readonly first: number; readonly last: number; readonly names: number[] | null },
  namePrice: number,
): number {
  const { ids, starts, costs, worths } = candidates;
  for (let piece = first; piece <= last; piece += 1) run.tokens += tokens[piece] ?? 0;
  const end = starts[last + 1] ?? 0;
  let own = 0;
  for (let at = starts[first] ?? 0; at < end; at += 1) {
    const id = ids[at] ?? 0;
    const cost = costs[id] ?? 0;
    if (left[id] !== 0 || (worths[id] ?? 0) < namePrice * cost) continue;
    left[id] = 1;
    names?.push(id);
    own += cost;
  }
  return own;
}
