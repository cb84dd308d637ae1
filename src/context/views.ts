import { CodeframeError } from '../failure.ts';
import type { Store, ReadTransaction, WriteTransaction } from '../store/store.ts';
import type { EventData, EventRow } from '../event/event.ts';
import type { ArchiveRow } from './archive.ts';
import { isOut } from './change-items.ts';
import type { FlashSaveSettings } from './flash-save.ts';
import type { ContextItemRow, Tier } from './item.ts';
import { tierItems, type Tiered } from './tier-items.ts';

/** One agent's memory in figures. */
export interface ContextStats {
  readonly agent: string;
  readonly model: string | null;
  /** Null when the model's window is not known. */
  readonly windowTokens: number | null;
  /** How many tokens the model's provider counts for one of these figures; null when nothing was learned yet. */
  readonly factor: number | null;
  /** What the prompt shows, and what it would show whole. */
  readonly promptTokens: number;
  readonly wholeTokens: number;
  /** Of the window, by the provider's count; null when the window is not known. */
  readonly windowShare: number | null;
  readonly tiers: Readonly<Record<Tier, { readonly items: number; readonly promptTokens: number }>>;
  /** Pieces that are out of the prompt now, and all that were ever archived. */
  readonly piecesOut: number;
  readonly piecesEver: number;
  readonly lastSave: LastSave | null;
}

type SaveData = Extract<EventData, { readonly type: 'flash-save-done' }>['data'];
type LastSave = SaveData & { readonly at: number };

/** An item in a list. */
export interface ContextLine {
  readonly id: string;
  readonly agent: string;
  readonly seq: number;
  readonly kind: ContextItemRow['kind'];
  readonly tier: Tier;
  readonly importance: number;
  readonly pinned: boolean;
  readonly promptTokens: number;
  readonly tokens: number;
  /** Tool, path, or how the text begins. */
  readonly about: string;
}

/** An item with what was ever archived of it. */
export interface ContextView {
  readonly item: ContextItemRow;
  readonly pieces: readonly (Omit<ArchiveRow, 'stub'> & { readonly isOut: boolean })[];
}

/** An item's tier as it would be given now, with each term of its formula. */
export interface TierExplanation extends Tiered {
  readonly item: ContextLine;
  /** The agent's step count. */
  readonly step: number;
}

export interface StatsPorts {
  readonly store: Store;
  readonly settings: FlashSaveSettings;
  /** Of a model as agents name it; null: not known. */
  readonly windowOf: (model: string) => number | null;
}

export function contextStats(ports: StatsPorts, agent?: string): Promise<readonly ContextStats[]> {
  return ports.store.read(async (tx) => {
    const agents = agent === undefined ? await tx.list('agents') : [await needAgent(tx, agent)];
    const saves = await lastSaves(tx);
    const stats: ContextStats[] = [];
    for (const { name, settings } of agents) {
      const model = settings.model ?? null;
      stats.push(await statsOf(tx, ports, { name, model, lastSave: saves.get(name) ?? null }));
    }
    return stats;
  });
}

async function statsOf(
  tx: ReadTransaction,
  ports: StatsPorts,
  agent: { readonly name: string; readonly model: string | null; readonly lastSave: LastSave | null },
): Promise<ContextStats> {
  const where = { agent: agent.name };
  const items = await tx.pick('context_items', ['tier', 'tokens', 'promptTokens'], { where });
  const pieces = await tx.pick('archives', ['stub'], { where });
  const { model } = agent;
  const [learned] = await tx.list('model_factors', {
    where: { model: model ?? '' },
    orderBy: 'updatedAt',
    descending: true,
    limit: 1,
  });
  const windowTokens = ports.settings.windowTokens ?? (model === null ? null : ports.windowOf(model));
  const promptTokens = sum(items, 'promptTokens');
  const factor = learned?.factor ?? null;
  return {
    agent: agent.name,
    model,
    windowTokens,
    factor,
    promptTokens,
    wholeTokens: sum(items, 'tokens'),
    windowShare: windowTokens === null ? null : (promptTokens * (factor ?? 1)) / windowTokens,
    tiers: { HOT: inTier(items, 'HOT'), WARM: inTier(items, 'WARM'), COLD: inTier(items, 'COLD') },
    piecesOut: pieces.filter(({ stub }) => stub !== null).length,
    piecesEver: pieces.length,
    lastSave: agent.lastSave,
  };
}

type Counted = Pick<ContextItemRow, 'tier' | 'tokens' | 'promptTokens'>;

function inTier(items: readonly Counted[], tier: Tier): ContextStats['tiers'][Tier] {
  const own = items.filter((item) => item.tier === tier);
  return { items: own.length, promptTokens: sum(own, 'promptTokens') };
}

function sum(items: readonly Counted[], column: 'tokens' | 'promptTokens'): number {
  return items.reduce((total, item) => total + item[column], 0);
}

async function lastSaves(tx: ReadTransaction): Promise<ReadonlyMap<string, LastSave>> {
  const events: readonly EventRow[] = await tx.list('events', { where: { type: 'flash-save-done' } });
  return new Map(
    events.map((event) => {
      const data = event.data as SaveData;
      return [data.agent, { ...data, at: event.at }];
    }),
  );
}

/** In the order of the memory, agent by agent. */
export function listContext(
  store: Store,
  filter: { readonly agent?: string; readonly tier?: Tier },
): Promise<readonly ContextLine[]> {
  return store.read(async (tx) => {
    if (filter.agent !== undefined) await needAgent(tx, filter.agent);
    return (await tx.list('context_items', { where: filter })).map(lineOf);
  });
}

export function showItem(store: Store, id: string): Promise<ContextView> {
  return store.read(async (tx) => {
    const item = await needItem(tx, id);
    const rows = await tx.list('archives', { where: { itemId: item.id }, orderBy: 'from' });
    return { item, pieces: rows.map(({ stub, ...row }) => ({ ...row, isOut: isOut({ ...row, stub }) })) };
  });
}

export function explainItem(store: Store, id: string): Promise<TierExplanation> {
  return store.read(async (tx) => {
    const item = await needItem(tx, id);
    const step = (await tx.get('agents', item.agent))?.stepCount ?? 0;
    // What came later may supersede it: the whole memory is asked.
    const items = await tx.list('context_items', { where: { agent: item.agent } });
    const tiered = tierItems(items, step)[items.findIndex(({ seq }) => seq === item.seq)];
    if (tiered === undefined) throw new Error(`the item ${item.id} went away inside a transaction`);
    return { ...tiered, item: lineOf(item), step };
  });
}

/** A pinned item stays whole in the prompt and is HOT; what is already archived of it comes back with a recall. */
export function pinItem(store: Store, id: string, pinned: boolean): Promise<ContextLine> {
  return store.write(async (tx: WriteTransaction) => {
    const item = await needItem(tx, id);
    const step = (await tx.get('agents', item.agent))?.stepCount ?? 0;
    const [tiered] = tierItems([{ ...item, pinned }], step);
    const changed = { ...item, pinned, tier: tiered?.tier ?? item.tier };
    const { tier } = changed;
    await tx.update('context_items', { key: [item.agent, item.seq], set: { pinned, tier } });
    return lineOf(changed);
  });
}

const aboutMax = 80;

function lineOf(item: ContextItemRow): ContextLine {
  const { id, agent, seq, kind, tier, importance, pinned, promptTokens, tokens } = item;
  const named = [item.tool, item.path].filter((part) => part !== null).join(' ');
  const start = item.text.trimStart().slice(0, aboutMax).replaceAll(/\s+/g, ' ');
  const about = item.path === null ? `${named} ${start}`.trim().slice(0, aboutMax) : named;
  return { id, agent, seq, kind, tier, importance, pinned, promptTokens, tokens, about };
}

async function needAgent(
  tx: ReadTransaction,
  name: string,
): Promise<{ readonly name: string; readonly settings: { readonly model?: string } }> {
  const agent = await tx.get('agents', name);
  if (agent !== undefined) return agent;
  throw new CodeframeError({ code: 'unknown-id', kind: 'agent', id: name, near: [] });
}

/** By its id, or the start of one. */
async function needItem(tx: ReadTransaction, id: string): Promise<ContextItemRow> {
  const [item] = await tx.list('context_items', { where: { id }, limit: 1 });
  if (item !== undefined) return item;
  const ids = (await tx.pick('context_items', ['id'])).map((row) => row.id);
  const matches = id.length < idStartMin ? [] : ids.filter((known) => known.startsWith(id));
  const [only] = matches;
  if (only === undefined) throw new CodeframeError({ code: 'unknown-id', kind: 'item', id, near: [] });
  if (matches.length > 1)
    throw new CodeframeError({ code: 'ambiguous-id', kind: 'item', id, matches: matches.slice(0, 5) });
  return needItem(tx, only);
}

const idStartMin = 4;
