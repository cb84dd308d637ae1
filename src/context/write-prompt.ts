import { hash } from 'node:crypto';

import type { CutMemory } from './cut.ts';
import type { Draft, Run } from './draft.ts';
import { stubWriter } from './stub.ts';

/** A piece of an item that leaves the prompt: characters `from` to `to` (UTF-16, end excluded) of its text. */
export interface ArchivedPiece {
  readonly id: string;
  /** What the stub names. The same piece of the same item always has the same. */
  readonly recallId: string;
  readonly from: number;
  readonly to: number;
  /** Of the item in the list: an id may come twice. */
  readonly index: number;
  /** What stands there now, as the item's text has it: of a call in JSON's escapes. */
  readonly stub: string;
}

/** What the prompt shows, what left, and how many tokens that frees net of the stubs. */
export interface WrittenPrompt {
  readonly prompt: readonly { readonly id: string; readonly text: string }[];
  readonly archived: readonly ArchivedPiece[];
  readonly freed: number;
}

/** Tokens of a stub in the item with this index. */
export type StubCounter = (stub: string, item: number) => number;

/** Writes drafts of one memory. A stub that would be longer than what it stands for is not used. */
export function promptWriter(cut: CutMemory, count: StubCounter): (draft: Draft) => WrittenPrompt {
  const render = stubWriter(cut);
  const recallIds = new Map<string, string>();
  const idOf = (what: string): string => {
    const id = recallIds.get(what) ?? recallIdOf(what);
    recallIds.set(what, id);
    return id;
  };
  return ({ runs }) => {
    const archived: ArchivedPiece[] = [];
    const taken = new Set<string>();
    let freed = 0;
    let next = 0;
    const prompt = cut.memory.items.map((item, index) => {
      let text = '';
      let from = 0;
      for (let run = runs[next]; run?.item === index; run = runs[next]) {
        next += 1;
        const piece = pieceOf(cut, run, { taken, idOf });
        const stub = render(run, piece.recallId);
        const gain = run.tokens - count(stub, index);
        if (gain <= 0 || stub.length >= piece.to - piece.from) continue;
        taken.add(piece.recallId);
        freed += gain;
        const { id, recallId, to } = piece;
        archived.push({ id, recallId, from: piece.from, to, index, stub });
        text += item.text.slice(from, piece.from) + stub;
        from = piece.to;
      }
      return { id: item.id, text: from === 0 ? item.text : text + item.text.slice(from) };
    });
    return { prompt, archived, freed };
  };
}

function pieceOf(
  { memory, pieces }: CutMemory,
  run: Run,
  ids: { readonly taken: ReadonlySet<string>; readonly idOf: (what: string) => string },
): Omit<ArchivedPiece, 'stub'> {
  const id = memory.items[run.item]?.id ?? '';
  const from = pieces[run.first]?.from ?? 0;
  const to = pieces[run.last]?.to ?? 0;
  let recallId = ids.idOf(`${id} ${from} ${to}`);
  while (ids.taken.has(recallId)) recallId = ids.idOf(`${recallId} ${id}`);
  return { id, recallId, from, to, index: run.item };
}

/** Short, because each stub carries one: 41 bits, so that 12,000 pieces meet with a chance of 1 in 30,000. */
function recallIdOf(what: string): string {
  const start = Number.parseInt(hash('sha256', what).slice(0, 12), 16);
  return (start % 36 ** RECALL_ID_LENGTH).toString(36).padStart(RECALL_ID_LENGTH, '0');
}

const RECALL_ID_LENGTH = 8;
