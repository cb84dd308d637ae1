import { estimateTokens } from './estimate-tokens.ts';
import type { AdmittedItem } from './flash-item.ts';
import { NameTable } from './name-table.ts';
import { scanNames } from './names.ts';
import { cutPieces, type Piece } from './pieces.ts';
import { protectedItems } from './protect.ts';
import { stretchesOf } from './stretches.ts';

/** A piece with its place in the memory and the names that stand in it: `places[namesFrom … namesTo)`. */
export interface MemoryPiece extends Piece {
  readonly item: number;
  readonly namesFrom: number;
  readonly namesTo: number;
}

/** A memory read once: every name where it stands, and every piece that may leave. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly names: NameTable;
  /** The names of all items in order; item `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly places: readonly number[];
  readonly starts: readonly number[];
  readonly pieces: readonly MemoryPiece[];
  /** Per item: tokens that are counted per token that the estimator would say. */
  readonly rates: readonly number[];
}

/** Items below this stay: a stub would save nothing. */
const LEAST_TOKENS = 48;

/** Reads items into a memory: one pass over every text. */
export function readMemory(items: readonly AdmittedItem[]): Memory {
  const names = new NameTable();
  const places: number[] = [];
  const starts: number[] = [];
  const pieces: MemoryPiece[] = [];
  const rates: number[] = [];
  const kept = protectedItems(items);
  items.forEach((item, index) => {
    starts.push(places.length);
    const positions: number[] = [];
    scanNames(item.text, names, (name, at) => {
      places.push(name);
      positions.push(at);
    });
    const cuttable = kept[index] !== true && item.tokens >= LEAST_TOKENS;
    rates.push(cuttable ? rateOf(item) : 1);
    if (cuttable)
      pieces.push(
        ...piecesOf(item, index, { positions, start: starts[index] ?? 0, rate: rates[index] ?? 1 }),
      );
  });
  starts.push(places.length);
  return { items, names, places, starts, pieces, rates };
}

/** What a provider adds around a message is not in its text. */
export const ENVELOPE_TOKENS = 4;

function rateOf(item: AdmittedItem): number {
  const estimate = estimateTokens(item.text);
  const counted = Math.max(1, item.tokens - ENVELOPE_TOKENS);
  return estimate === 0 ? 1 : Math.min(4, Math.max(0.25, counted / estimate));
}

function piecesOf(
  item: AdmittedItem,
  index: number,
  scan: { positions: readonly number[]; start: number; rate: number },
): MemoryPiece[] {
  let next = 0;
  const before = (at: number): number => {
    while (next < scan.positions.length && (scan.positions[next] ?? 0) < at) next += 1;
    return scan.start + next;
  };
  return stretchesOf(item, scan.rate).flatMap((stretch) =>
    cutPieces(item.text, stretch).map((piece) => ({
      ...piece,
      item: index,
      namesFrom: before(piece.from),
      namesTo: before(piece.to),
    })),
  );
}
