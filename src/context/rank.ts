import type { Memory } from './memory.ts';
import { NAME_PLAIN } from './name-table.ts';

/** How much each piece and each name is worth keeping, higher is more; only their order matters. */
export interface Worth {
  readonly pieces: Float64Array;
  readonly names: Float64Array;
}

/** Least recently referenced first: a name is worth what the agent's and the user's own words made of it lately. */
export function rankMemory(memory: Memory): Worth {
  const last = lastMentions(memory);
  const counts = new Int32Array(memory.names.size);
  for (const name of memory.places) counts[name] = (counts[name] ?? 0) + 1;
  const names = Float64Array.from(last, (step, name) => {
    const kind = memory.names.kinds[name] ?? NAME_PLAIN;
    return ((kind === NAME_PLAIN ? 0 : 1) * (1 + step)) / Math.sqrt(counts[name] ?? 1);
  });
  const pieces = Float64Array.from(memory.pieces, (piece) => pieceWorth(memory, piece, names));
  return { pieces, names };
}

function pieceWorth(memory: Memory, piece: Memory['pieces'][number], names: Float64Array): number {
  let best = 0;
  for (let at = piece.namesFrom; at < piece.namesTo; at += 1) {
    best += names[memory.places[at] ?? 0] ?? 0;
  }
  return (best + (memory.items[piece.item]?.step ?? 0)) / Math.max(1, piece.tokens);
}

/** Per name: the last step in which the agent or a person wrote it; -1: only tools did. */
function lastMentions(memory: Memory): Float64Array {
  const last = new Float64Array(memory.names.size).fill(0);
  memory.items.forEach((item, index) => {
    if (item.kind === 'result') return;
    for (let at = memory.starts[index] ?? 0; at < (memory.starts[index + 1] ?? 0); at += 1) {
      last[memory.places[at] ?? 0] = item.step + 1;
    }
  });
  return last;
}
