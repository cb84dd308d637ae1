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
  const known = new Map<string, ArchiveRow[]>();
  for (const row of changing.archives) {
    const rows = known.get(row.itemId);
    if (rows === undefined) known.set(row.itemId, [row]);
    else rows.push(row);
  }
  const { agent, pauseId } = changing.request;
  const stamp = { agent, pauseId, archivedAt: ports.clock.now() };
  for (const change of changing.changes) {
    await changeItem(tx, { change, known: known.get(change.item.id) ?? [], stamp });
  }
}

/** Somebody recalled or pinned something between the plan and the transaction: plan again. */
export class MemoryMoved extends Error {}

interface Changing {
  readonly change: ItemChange;
  readonly known: readonly ArchiveRow[];
  readonly stamp: Pick<ArchiveRow, 'agent' | 'pauseId' | 'archivedAt'>;
}

async function changeItem(tx: WriteTransaction, changing: Changing): Promise<void> {
  const { item, cuts } = changing.change;
  const back = await tx.get('context_items', item.agent, item.seq);
  if (back === undefined || back.promptText !== item.promptText || back.pinned !== item.pinned)
    throw new MemoryMoved(`the item ${item.id} changed while it was being archived`);
  for (const cut of cuts) await archivePiece(tx, { ...changing, cut, back });
  const out = new Set(cuts.map(({ recallId }) => recallId));
  for (const row of changing.known) {
    if (isOut(row) && !out.has(row.id)) await tx.update('archives', { key: [row.id], set: { stub: null } });
  }
  await tx.update('context_items', {
    key: [item.agent, item.seq],
    set: { promptText: shownText(back.text, cuts), promptTokens: changing.change.tokens },
  });
}

async function archivePiece(
  tx: WriteTransaction,
  archiving: Changing & { readonly cut: PlannedCut; readonly back: ContextItemRow },
): Promise<void> {
  const { cut, change, known, stamp, back } = archiving;
  const { recallId: id, from, to, stub } = cut;
  const sha256 = digest(change.item.text.slice(from, to));
  const before = known.find((row) => row.id === id);
  if (before === undefined) {
    const itemId = change.item.id;
    await tx.insert('archives', { id, itemId, ...stamp, from, to, sha256, recalledAt: null, stub });
  } else {
    const { pauseId, archivedAt } = stamp;
    const set = isOut(before) ? { stub } : { stub, pauseId, archivedAt };
    await tx.update('archives', { key: [id], set });
  }
  const row = await tx.get('archives', id);
  if (row === undefined || row.sha256 !== sha256 || digest(back.text.slice(row.from, row.to)) !== sha256)
    throw new Error(`the archived piece ${id} does not read back as it was`);
}

/** Of a text in UTF-8. */
export function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
