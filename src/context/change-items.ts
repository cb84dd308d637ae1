import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { WriteTransaction } from '../store/store.ts';
import type { ArchiveRow } from './archive.ts';
import type { ContextItemRow } from './item.ts';
import type { PlannedCut } from './shown-text.ts';

/** What a flash save asks of an item. What an item has besides may be long, and is not read. */
export type MemoryItem = Pick<ContextItemRow, (typeof memoryColumns)[number]>;

export const memoryColumns = [
  'id',
  'seq',
  'kind',
  'tool',
  'path',
  'callId',
  'isError',
  'text',
  'promptText',
  'tokens',
  'promptTokens',
  'importance',
  'tier',
  'pinned',
  'accessCount',
  'step',
  'lastUsedStep',
  'createdAt',
] as const satisfies readonly (keyof ContextItemRow)[];

/** What becomes of an item: which pieces of it are out, all told. */
export interface ItemChange {
  readonly item: MemoryItem;
  readonly cuts: readonly PlannedCut[];
  /** What the prompt then shows, null for the whole text, and its tokens. */
  readonly promptText: string | null;
  readonly tokens: number;
  /** Something leaves that the prompt showed until now. */
  readonly isCutFurther: boolean;
}

/** An item's tier and importance, where they are others than before. */
export interface TierChange {
  readonly seq: number;
  readonly tier: ContextItemRow['tier'];
  readonly importance: number;
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
    readonly tiers: readonly TierChange[];
    readonly archives: readonly ArchiveRow[];
    readonly request: { readonly agent: string; readonly pauseId: string | null };
  },
): Promise<void> {
  const { agent, pauseId } = changing.request;
  if (changing.changes.length > 0) {
    await refuseMoved(tx, agent, changing.changes);
    const known = groupBy(changing.archives, ({ itemId }) => itemId);
    const archiving: Archiving = {
      stamp: { agent, pauseId, archivedAt: ports.clock.now() },
      digests: new Map(),
      added: [],
      changed: [],
    };
    for (const change of changing.changes) archivePieces(change, known.get(change.item.id) ?? [], archiving);
    await tx.insertAll('archives', archiving.added);
    await tx.updateEach('archives', archiving.changed);
    const { digests } = archiving;
    await compare(tx, agent, { changes: changing.changes, digests });
  }
  await writeItems(tx, agent, changing);
}

/** Each row once: what the prompt shows, and the tier; rows that only change their tier, all of one tier together. */
async function writeItems(
  tx: WriteTransaction,
  agent: string,
  changing: { readonly changes: readonly ItemChange[]; readonly tiers: readonly TierChange[] },
): Promise<void> {
  const tiers = new Map(changing.tiers.map((change) => [change.seq, change]));
  const changes = changing.changes.map(({ item, promptText, tokens }) => {
    const { tier, importance } = tiers.get(item.seq) ?? item;
    tiers.delete(item.seq);
    return { key: [agent, item.seq], set: { promptText, promptTokens: tokens, tier, importance } };
  });
  await tx.updateEach('context_items', changes);
  for (const alike of groupBy(
    [...tiers.values()],
    (change) => `${change.tier} ${change.importance}`,
  ).values()) {
    const where = { agent, seq: { in: alike.map(({ seq }) => seq) } };
    await tx.updateAll('context_items', { where, set: tierOf(alike) });
  }
}

function tierOf([change]: readonly TierChange[]): Partial<ContextItemRow> {
  return change === undefined ? {} : { tier: change.tier, importance: change.importance };
}

/** Somebody recalled or pinned something between the plan and the transaction: plan again. */
export class MemoryMoved extends Error {}

/** The items must be what was planned with, letter for letter: so the texts that were planned with are those of the store. */
async function refuseMoved(
  tx: WriteTransaction,
  agent: string,
  changes: readonly ItemChange[],
): Promise<void> {
  const columns = ['seq', 'promptText', 'pinned', 'text'] as const;
  const seqs = changes.map(({ item }) => item.seq);
  const rows = await tx.pick('context_items', columns, { where: { agent, seq: { in: seqs } } });
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  for (const { item } of changes) {
    const now = bySeq.get(item.seq);
    const { promptText, pinned, text } = item;
    if (now?.promptText !== promptText || now.pinned !== pinned || now.text !== text)
      throw new MemoryMoved(`the item ${item.id} changed while it was being archived`);
  }
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

/** What is to be written of the pieces; filled item by item. */
interface Archiving {
  readonly stamp: Pick<ArchiveRow, 'agent' | 'pauseId' | 'archivedAt'>;
  /** Of every piece that is out, by its id. */
  readonly digests: Map<string, string>;
  readonly added: ArchiveRow[];
  readonly changed: { readonly key: readonly [string]; readonly set: Partial<ArchiveRow> }[];
}

/** `known`: the pieces of the item that were archived before. */
function archivePieces(change: ItemChange, known: readonly ArchiveRow[], archiving: Archiving): void {
  const { digests, changed } = archiving;
  const out = new Set(change.cuts.map(({ recallId }) => recallId));
  for (const cut of change.cuts) {
    digests.set(cut.recallId, digest(change.item.text.slice(cut.from, cut.to)));
    const before = known.find(({ id }) => id === cut.recallId);
    if (before === undefined) archiving.added.push(newPiece(change, cut, archiving));
    else changed.push({ key: [before.id], set: outAgain(before, cut, archiving) });
  }
  for (const row of known) {
    if (isOut(row) && !out.has(row.id)) changed.push({ key: [row.id], set: { stub: null } });
  }
}

function newPiece({ item }: ItemChange, cut: PlannedCut, { stamp, digests }: Archiving): ArchiveRow {
  const { recallId: id, from, to, stub } = cut;
  return { id, itemId: item.id, ...stamp, from, to, sha256: digests.get(id) ?? '', recalledAt: null, stub };
}

function outAgain(before: ArchiveRow, { stub }: PlannedCut, { stamp }: Archiving): Partial<ArchiveRow> {
  const { pauseId, archivedAt } = stamp;
  return isOut(before) ? { stub } : { stub, pauseId, archivedAt };
}

/** Every piece that is out now, read back, must be what it says of the text that is stored. */
async function compare(
  tx: WriteTransaction,
  agent: string,
  written: { readonly changes: readonly ItemChange[]; readonly digests: ReadonlyMap<string, string> },
): Promise<void> {
  const columns = ['id', 'itemId', 'from', 'to', 'stub', 'sha256'] as const;
  const rows = await tx.pick('archives', columns, { where: { agent } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { item, cuts } of written.changes) {
    for (const { recallId, from, to, stub } of cuts) {
      const row = byId.get(recallId);
      const isThere = row?.itemId === item.id && row.from === from && row.to === to && row.stub === stub;
      if (!isThere || written.digests.get(recallId) !== row.sha256)
        throw new Error(`the archived piece ${recallId} does not read back as it was`);
    }
  }
}

/** Of a text in UTF-8. */
export function digest(text: string): string {
  return hash('sha256', text);
}
