import { estimateTokens } from './estimate-tokens.ts';
import type { Memory } from './memory.ts';
import type { Worth } from './rank.ts';
import { STUB_TOKENS } from './stub.ts';

/** Pieces `first` to `last` (included) of one item, which leave together and share a stub. */
export interface Run {
  readonly item: number;
  readonly first: number;
  readonly last: number;
  /** Numbers of the names that the stub lists. */
  readonly names: readonly number[];
  readonly tokens: number;
  /** Tokens that the run frees, its stub paid. */
  readonly freed: number;
}

/** What would leave if these pieces did. */
export interface Draft {
  readonly runs: readonly Run[];
  readonly freed: number;
}

/** Drafts for growing sets of pieces of one memory, least worth first. */
export function draftsOf(memory: Memory, worth: Worth): { count: number; draft: (pieces: number) => Draft } {
  const order = memory.pieces.map((_, index) => index);
  order.sort((a, b) => (worth.pieces[a] ?? 0) - (worth.pieces[b] ?? 0) || a - b);
  const totals = new Int32Array(memory.names.size);
  for (const name of memory.places) totals[name] = (totals[name] ?? 0) + 1;
  const costs = new Float64Array(memory.names.size);
  const costOf = (name: number): number => (costs[name] ||= estimateTokens(memory.names.word(name)) + 0.2);
  const draft = (pieces: number): Draft => {
    const gone = new Uint8Array(memory.pieces.length);
    for (const index of order.slice(0, pieces)) gone[index] = 1;
    return outline({ memory, worth, totals, costOf }, gone);
  };
  return { count: order.length, draft };
}

interface Desk {
  readonly memory: Memory;
  readonly worth: Worth;
  readonly totals: Int32Array;
  readonly costOf: (name: number) => number;
}

function outline(desk: Desk, gone: Uint8Array): Draft {
  const left = namesLeft(desk, gone);
  const runs: Run[] = [];
  let freed = 0;
  for (let first = 0; first < gone.length; first += 1) {
    if (gone[first] !== 1) continue;
    const last = endOfRun(desk.memory, gone, first);
    const run = runOf(desk, left, { first, last });
    first = last;
    if (run === null) continue;
    runs.push(run);
    freed += run.freed;
  }
  return { runs, freed };
}

/** How often each name still stands in the prompt once these pieces left. */
function namesLeft(desk: Desk, gone: Uint8Array): Int32Array {
  const left = desk.totals.slice();
  desk.memory.pieces.forEach((piece, index) => {
    if (gone[index] !== 1) return;
    for (let at = piece.namesFrom; at < piece.namesTo; at += 1) {
      const name = desk.memory.places[at] ?? 0;
      left[name] = (left[name] ?? 0) - 1;
    }
  });
  return left;
}

function endOfRun(memory: Memory, gone: Uint8Array, first: number): number {
  let last = first;
  while (gone[last + 1] === 1 && memory.pieces[last + 1]?.item === memory.pieces[first]?.item) {
    if (memory.pieces[last + 1]?.from !== memory.pieces[last]?.to) break;
    last += 1;
  }
  return last;
}

/** A run with the names that would be lost without its stub, the most worth first; null when the stub would save nothing. */
function runOf(desk: Desk, left: Int32Array, range: { first: number; last: number }): Run | null {
  const { memory, worth, costOf } = desk;
  const pieces = memory.pieces.slice(range.first, range.last + 1);
  const tokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  const lost = new Set<number>();
  for (let at = pieces[0]?.namesFrom ?? 0; at < (pieces.at(-1)?.namesTo ?? 0); at += 1) {
    const name = memory.places[at] ?? 0;
    if (left[name] === 0 && (worth.names[name] ?? 0) > 0) lost.add(name);
  }
  const names = [...lost].sort((a, b) => (worth.names[b] ?? 0) - (worth.names[a] ?? 0) || a - b);
  const listed = names.slice(0, NAMES_PER_PIECE * pieces.length);
  const freed = tokens - STUB_TOKENS - listed.reduce((sum, name) => sum + costOf(name), 0);
  if (freed < tokens * LEAST_GAIN) return null;
  for (const name of listed) left[name] = 1;
  return { item: pieces[0]?.item ?? 0, ...range, names: listed, tokens, freed };
}

const NAMES_PER_PIECE = 25;
const LEAST_GAIN = 0.15;
