import { createHash } from 'node:crypto';

import type { CutMemory } from './cut.ts';
import type { Draft, Run } from './draft.ts';
import { renderStub } from './stub.ts';

/** A piece of an item that leaves the prompt: characters `from` to `to` (UTF-16, end excluded) of its text. */
export interface ArchivedPiece {
  readonly id: string;
  /** What the stub names. The same piece of the same item always has the same. */
  readonly recallId: string;
  readonly from: number;
  readonly to: number;
  /** Of the item in the list: an id may come twice. */
  readonly index: number;
}

/** What the prompt shows, what left, and how many tokens that frees net of the stubs. */
export interface WrittenPrompt {
  readonly prompt: readonly { readonly id: string; readonly text: string }[];
  readonly archived: readonly ArchivedPiece[];
  readonly freed: number;
}

/** Tokens of a stub in the item with this index. */
export type StubCounter = (stub: string, item: number) => number;

/** Puts the stubs of a draft in place. A stub that would be longer than what it stands for is not used. */
export function writePrompt(cut: CutMemory, draft: Draft, count: StubCounter): WrittenPrompt {
  const runs = new Map<number, Run[]>();
  for (const run of draft.runs) {
    const ofItem = runs.get(run.item);
    if (ofItem === undefined) runs.set(run.item, [run]);
    else ofItem.push(run);
  }
  const archived: ArchivedPiece[] = [];
  const taken = new Set<string>();
  let freed = 0;
  const prompt = cut.memory.items.map((item, index) => {
    let text = '';
    let from = 0;
    for (const run of runs.get(index) ?? []) {
      const piece = pieceOf(cut, run, taken);
      const stub = renderStub(cut, run, piece.recallId);
      const gain = run.tokens - count(stub, index);
      if (gain <= 0 || stub.length >= piece.to - piece.from) continue;
      taken.add(piece.recallId);
      freed += gain;
      archived.push(piece);
      text += item.text.slice(from, piece.from) + stub;
      from = piece.to;
    }
    return { id: item.id, text: text + item.text.slice(from) };
  });
  return { prompt, archived, freed };
}

function pieceOf({ memory, pieces }: CutMemory, run: Run, taken: ReadonlySet<string>): ArchivedPiece {
  const id = memory.items[run.item]?.id ?? '';
  const from = pieces[run.first]?.from ?? 0;
  const to = pieces[run.last]?.to ?? 0;
  let recallId = recallIdOf(`${id} ${from} ${to}`);
  while (taken.has(recallId)) recallId = recallIdOf(`${recallId} ${id}`);
  return { id, recallId, from, to, index: run.item };
}

/** Short, because each stub carries one: 41 bits, so that 12,000 pieces meet with a chance of 1 in 30,000. */
function recallIdOf(what: string): string {
  const number = createHash('sha256').update(what).digest().readUIntBE(0, 6) % 36 ** RECALL_ID_LENGTH;
  return number.toString(36).padStart(RECALL_ID_LENGTH, '0');
}

const RECALL_ID_LENGTH = 8;
