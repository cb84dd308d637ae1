import type { CutMemory } from './cut.ts';
import type { Worth } from './rank.ts';

/** The names that a stub may have to list: those that only pieces show and that are worth their tokens. */
export interface Candidates {
  /** Of each piece its candidates, each once, in the order of its text: piece `i` has those from `starts[i]` to `starts[i + 1]`. */
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  /** Per name in how many pieces it stands (0: it is no candidate), about how many tokens it is, and what that is worth. */
  readonly spread: Int32Array;
  readonly costs: Float64Array;
  readonly worths: Float64Array;
}

/** The least chance per token for which a name is listed. */
export const NAME_PRICE = 0.0005;
/** Lists of names are dearer than prose. */
const WORD_RATE = 1.15;
/** The space between two. */
const GAP_TOKENS = 0.15;

/** What is found here once, no draft has to look at again. */
export function candidatesOf(cut: CutMemory, worth: Worth): Candidates {
  const { pieces } = cut;
  const all = cut.memory.names.ids;
  const costs = costsOf(cut);
  const open = openNames(cut, (name) => (worth.names[name] ?? 0) >= NAME_PRICE * (costs[name] ?? 0));
  const spread = new Int32Array(open.length);
  const seen = new Int32Array(open.length).fill(-1);
  const starts = new Int32Array(pieces.length + 1);
  const ids = new Int32Array(all.length);
  let length = 0;
  for (let index = 0; index < pieces.length; index += 1) {
    const end = pieces[index]?.namesTo ?? 0;
    for (let at = pieces[index]?.namesFrom ?? 0; at < end; at += 1) {
      const name = all[at] ?? 0;
      if (open[name] === 0 || seen[name] === index) continue;
      seen[name] = index;
      spread[name] = (spread[name] ?? 0) + 1;
      ids[length] = name;
      length += 1;
    }
    starts[index + 1] = length;
  }
  return { ids, starts, spread, costs, worths: worth.names };
}

function costsOf({ memory, rate }: CutMemory): Float64Array {
  const { estimates } = memory.names.table;
  const costs = new Float64Array(estimates.length);
  for (let name = 0; name < costs.length; name += 1) {
    costs[name] = ((estimates[name] ?? 0) + GAP_TOKENS) * WORD_RATE * rate;
  }
  return costs;
}

/** 1: the name passes and stands in pieces alone, so that the prompt may lose it. */
function openNames(cut: CutMemory, passes: (name: number) => boolean): Uint8Array {
  const { ids, table } = cut.memory.names;
  const elsewhere = cut.nameCounts.slice();
  for (const { namesFrom, namesTo } of cut.pieces) {
    for (let at = namesFrom; at < namesTo; at += 1)
      elsewhere[ids[at] ?? 0] = (elsewhere[ids[at] ?? 0] ?? 0) - 1;
  }
  const open = new Uint8Array(table.size);
  for (let name = 0; name < open.length; name += 1)
    open[name] = elsewhere[name] === 0 && passes(name) ? 1 : 0;
  return open;
}
