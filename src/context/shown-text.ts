/** A piece that is out of the prompt: characters `from` to `to` (end excluded) of a text, and what stands there. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly stub: string;
}

/** What the prompt shows of a text; null when nothing of it is out. The cuts may come in any order and never overlap. */
export function shownText(text: string, cuts: readonly Cut[]): string | null {
  if (cuts.length === 0) return null;
  let shown = '';
  let at = 0;
  for (const { from, to, stub } of cuts.toSorted((one, other) => one.from - other.from)) {
    if (from < at || to <= from || to > text.length) throw new Error(`the cut ${from} to ${to} does not fit`);
    shown += text.slice(at, from) + stub;
    at = to;
  }
  return shown + text.slice(at);
}

/** A cut that a plan makes, under the id that its stub names. */
export interface PlannedCut extends Cut {
  readonly recallId: string;
}

/** The piece under another id, which its stub then names. */
export function renamedCut(cut: PlannedCut, id: string): PlannedCut {
  if (id === cut.recallId) return cut;
  const head = stubHead(cut.recallId);
  if (!cut.stub.startsWith(head)) throw new Error(`the stub of ${cut.recallId} does not name it`);
  const { from, to } = cut;
  return { from, to, stub: stubHead(id) + cut.stub.slice(head.length), recallId: id };
}

function stubHead(recallId: string): string {
  return `[archived ${recallId}`;
}
