import { estimateTokens } from './estimate-tokens.ts';
import type { AdmittedItem } from './flash-item.ts';
import { afterLineNumber, scanLines } from './lines.ts';
import { NameTable } from './name-table.ts';
import { scanNames } from './names.ts';
import { cutPieces, type Piece } from './pieces.ts';
import { protectedItems } from './protect.ts';
import { isCuttable, type Role, type Stretch, stretchesOf } from './stretches.ts';

/** A piece that may leave, with its place in the memory: which names and lines stand in it. */
export interface MemoryPiece extends Piece {
  readonly item: number;
  readonly role: Role;
  /** Lines that begin with a number which a file tool put there. */
  readonly numbered: number;
  readonly namesFrom: number;
  readonly namesTo: number;
  readonly linesFrom: number;
  readonly linesTo: number;
}

/** What stands where: the numbers of names or lines in the order of the texts. */
export interface Places {
  readonly table: NameTable;
  /** The numbers; item `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly ids: number[];
  readonly at: number[];
  readonly starts: number[];
}

/** A memory read once: every name and line where it stands, and every piece that may leave. */
export interface Memory {
  readonly items: readonly AdmittedItem[];
  readonly kept: readonly boolean[];
  readonly names: Places;
  readonly lines: Places;
  /** Of each line in `lines.ids`: whether an edit quoted it there (`old`), wrote it (`new`), or neither. */
  readonly lineRoles: Role[];
  readonly pieces: MemoryPiece[];
}

/** Items below this stay: a stub would save nothing. */
const LEAST_TOKENS = 48;
const PIECE_TOKENS = 110;

/** Reads items into a memory: one pass over every text for its names, one for its lines. */
export function readMemory(items: readonly AdmittedItem[]): Memory {
  const memory: Memory = {
    items,
    kept: protectedItems(items),
    names: newPlaces(),
    lines: newPlaces(),
    lineRoles: [],
    pieces: [],
  };
  items.forEach((item, index) => readItem(memory, item, index));
  memory.names.starts.push(memory.names.ids.length);
  memory.lines.starts.push(memory.lines.ids.length);
  return memory;
}

function newPlaces(): Places {
  return { table: new NameTable(), ids: [], at: [], starts: [] };
}

function readItem(memory: Memory, item: AdmittedItem, index: number): void {
  const { names, lines } = memory;
  names.starts.push(names.ids.length);
  lines.starts.push(lines.ids.length);
  scanNames(item.text, names.table, (name, at) => {
    names.ids.push(name);
    names.at.push(at);
  });
  const stretches = stretchesOf(item);
  for (const range of stretches) {
    scanLines({ text: item.text, range }, lines.table, (line, at) => {
      lines.ids.push(line);
      lines.at.push(at);
      memory.lineRoles.push(range.role);
    });
  }
  if (memory.kept[index] === true || item.tokens < LEAST_TOKENS) return;
  const size = { tokens: PIECE_TOKENS, rate: rateOf(item) };
  for (const stretch of stretches.filter((one) => isCuttable(item, one))) {
    for (const piece of cutPieces(item.text, stretch, size)) memory.pieces.push(placed(memory, piece, { index, stretch }));
  }
}

/** What a provider adds around a message is not in its text. */
const ENVELOPE_TOKENS = 4;

function rateOf(item: AdmittedItem): number {
  const estimate = estimateTokens(item.text);
  const counted = Math.max(1, item.tokens - ENVELOPE_TOKENS);
  return estimate === 0 ? 1 : Math.min(4, Math.max(0.25, counted / estimate));
}

function placed(memory: Memory, piece: Piece, place: { index: number; stretch: Stretch }): MemoryPiece {
  const { names, lines } = memory;
  const item = memory.items[place.index];
  const firstName = names.starts[place.index] ?? 0;
  const firstLine = lines.starts[place.index] ?? 0;
  return {
    ...piece,
    item: place.index,
    role: place.stretch.role,
    numbered: item?.kind === 'result' ? numberedLines(item.text, piece) : 0,
    namesFrom: firstAtOrAfter(names.at, firstName, piece.from),
    namesTo: firstAtOrAfter(names.at, firstName, piece.to),
    linesFrom: firstAtOrAfter(lines.at, firstLine, piece.from),
    linesTo: firstAtOrAfter(lines.at, firstLine, piece.to),
  };
}

function numberedLines(text: string, piece: Piece): number {
  let count = 0;
  for (let at = piece.from; at < piece.to; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 || end >= piece.to ? piece.to : end + 1;
    if (afterLineNumber(text, at, next) > at) count += 1;
    at = next;
  }
  return count;
}

/** Index of the first position from `low` on that is not before `position`: those of one item ascend. */
function firstAtOrAfter(at: readonly number[], low: number, position: number): number {
  let high = at.length;
  let from = low;
  while (from < high) {
    const middle = (from + high) >> 1;
    if ((at[middle] ?? 0) < position) from = middle + 1;
    else high = middle;
  }
  return from;
}
