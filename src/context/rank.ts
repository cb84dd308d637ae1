import { type Facts, factsOf, rowOf } from './features.ts';
import type { Memory, MemoryPiece } from './memory.ts';
import { nameWorths } from './name-worth.ts';
import { WEIGHTS } from './weights.ts';

/** The chance that the agent will miss a piece's lines, or a name. */
export interface Worth {
  readonly pieces: Float64Array;
  readonly names: Float64Array;
}

/** What is worth keeping, from what happened so far. */
export function rankMemory(memory: Memory): Worth {
  const facts = factsOf(memory);
  const pieces = Float64Array.from(memory.pieces, (piece, index) => pieceWorth(facts, piece, index));
  return { pieces, names: nameWorths(facts) };
}

/** An edit must quote lines, and it quotes them from a file that was read or written: nearly never from anything else. */
function pieceWorth(facts: Facts, piece: MemoryPiece, index: number): number {
  const deed = facts.files.deeds[piece.item];
  const item = facts.memory.items[piece.item];
  const holdsFile = item?.kind === 'call' ? piece.role === 'new' : deed === 'read' || deed === 'edit';
  if (!holdsFile) return piece.role === 'old' ? 0.01 : 0.0003 * (1 + (item?.step ?? 0) / (1 + facts.lastStep));
  const sum = rowOf(facts, index).reduce((total, value, at) => total + value * (WEIGHTS[at] ?? 0), 0);
  return 1 / (1 + Math.exp(-sum));
}
