import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { WriteTransaction } from '../store/store.ts';
import type { ArchiveRow } from './archive.ts';
import type { ContextItemRow } from './item.ts';
import { shownText, type PlannedCut } from './shown-text.ts';

/** What becomes of an item: which pieces of it are out, all told. */
export interface ItemChange {
  readonly item: ContextItemRow;
  readonly cuts: readonly PlannedCut[];
  /** Of what the prompt then shows. */
  readonly tokens: number;
  /** Something leaves that the prompt showed until now. */
  readonly isCutFurther: boolean;
}

/** True while the piece's stub stands in the prompt. */
export function isOut(row: ArchiveRow): row is ArchiveRow & { readonly stub: string } {
  return row.stub !== null;
}

/**
 * Writes the pieces down, reads them back, compares them with the items' own text, then changes what the prompt shows.
 * No row of an archived piece ever goes: one that is no longer cut only loses its stub, and one that is cut again has
 * the id that it had.
 */
export async function changeItems(
  tx: WriteTransaction,
  ports: { readonly clock: Clock },
  changing: {
    readonly changes: readonly ItemChange[];
    readonly archives: readonly ArchiveRow[];
    readonly request: { readonly agent: string; readonly pauseId: string | null };
  },
): Promise<void> {
  if (changing.changes.length === 0) return;
  const { agent, pauseId } = changing.request;
  const texts = await readTexts(tx, agent, changing.changes);
  const known = groupBy(changing.archives, ({ itemId }) => itemId);
  const stamp = { agent, pauseId, archivedAt: ports.clock.now() };
  for (const change of changing.changes) {
    const rows = known.get(change.item.id) ?? [];
    const out = new Set(change.cuts.map(({ recallId }) => recallId));
    for (const cut of change.cuts) await archivePiece(tx, { change, cut, known: rows, stamp });
    for (const row of rows) {
      if (isOut(row) && !out.has(row.id)) await tx.update('archives', { key: [row.id], set: { stub: null } });
    }
  }
  await compare(tx, agent, { changes: changing.changes, texts });
  for (const { item, cuts, tokens } of changing.changes) {
    const promptText = shownText(texts.get(item.seq) ?? '', cuts);
    await tx.update('context_items', { key: [agent, item.seq], set: { promptText, promptTokens: tokens } });
  }
}

/** Somebody recalled or pinned something between the plan and the transaction: plan again. */
export class MemoryMoved extends Error {}

/** The items' texts as they stand in the store, by seq. All in one reading: one for each would take longer than the save. */
async function readTexts(
  tx: WriteTransaction,
  agent: string,
  changes: readonly ItemChange[],
): Promise<ReadonlyMap<number, string>> {
  const columns = ['seq', 'promptText', 'pinned', 'text'] as const;
  const rows = await tx.pick('context_items', columns, { where: { agent } });
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  for (const { item } of changes) {
    const now = bySeq.get(item.seq);
    if (now === undefined || now.promptText !== item.promptText || now.pinned !== item.pinned)
      throw new MemoryMoved(`the item ${item.id} changed while it was being archived`);
  }
  return new Map(rows.map(({ seq, text }) => [seq, text]));
}

function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}

async function archivePiece(
  tx: WriteTransaction,
  archiving: {
    readonly change: ItemChange;
    readonly cut: PlannedCut;
    readonly known: readonly ArchiveRow[];
    readonly stamp: Pick<ArchiveRow, 'agent' | 'pauseId' | 'archivedAt'>;
  },
): Promise<void> {
  const { cut, change, known, stamp } = archiving;
  const { recallId: id, from, to, stub } = cut;
  const before = known.find((row) => row.id === id);
  if (before === undefined) {
    const { id: itemId, text } = change.item;
    const sha256 = digest(text.slice(from, to));
    await tx.insert('archives', { id, itemId, ...stamp, from, to, sha256, recalledAt: null, stub });
    return;
  }
  const { pauseId, archivedAt } = stamp;
  const set = isOut(before) ? { stub } : { stub, pauseId, archivedAt };
  await tx.update('archives', { key: [id], set });
}

/** Every piece that is out now, read back, must be what it says of the text that is stored. */
async function compare(
  tx: WriteTransaction,
  agent: string,
  written: { readonly changes: readonly ItemChange[]; readonly texts: ReadonlyMap<number, string> },
): Promise<void> {
  const rows = await tx.list('archives', { where: { agent } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { item, cuts } of written.changes) {
    for (const { recallId, from, to, stub } of cuts) {
      const row = byId.get(recallId);
      const text = written.texts.get(item.seq) ?? '';
      const isThere = row?.itemId === item.id && row.from === from && row.to === to && row.stub === stub;
      if (!isThere || digest(text.slice(from, to)) !== row.sha256)
        throw new Error(`the archived piece ${recallId} does not read back as it was`);
    }
  }
}

/** Of a text in UTF-8. */
export function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
