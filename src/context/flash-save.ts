import type { Clock } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Fence, ReadTransaction, Store, WriteTransaction } from '../store/store.ts';
import type { ArchiveRow } from './archive.ts';
import { changeItems, isOut, MemoryMoved, type ItemChange } from './change-items.ts';
import type { ContextItemRow, NewItem } from './item.ts';
import { newItemRow } from './new-item.ts';
import { planFlashSave, type FlashSavePlan } from './plan-flash-save.ts';
import { cutsOf, renamedCut, shownText, type PlannedCut, type PlannedPiece } from './shown-text.ts';
import { tierItems } from './tier-items.ts';
import type { TokenCounter } from './tokens.ts';

export interface FlashSaveSettings {
  readonly off: boolean;
  /** Share of the prompt's tokens that a flash save aims to archive, 0 to 1. */
  readonly target: number;
  /** Share of the model's window from which an agent's prompt is saved without being asked, 0 to 1. */
  readonly threshold: number;
  /** Of every model, instead of what is known of it; absent: what is known. */
  readonly windowTokens?: number | undefined;
}

export interface FlashSavePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly actor: string;
  readonly tokens: TokenCounter;
}

/** Why a flash save is made: with a pause, because the model's window is nearly full, or because a person asked. */
export type FlashSaveCause = 'pause' | 'window' | 'asked';

export interface FlashSaveRequest {
  readonly agent: string;
  readonly settings: FlashSaveSettings;
  readonly fence: Fence;
  readonly cause: FlashSaveCause;
  readonly pauseId: string | null;
  /** Tells the agent itself, which goes on with this task: the words become the last item of its memory. */
  readonly tell?: { readonly taskId: number; readonly item: (saved: FlashSaved) => NewItem };
}

/** Tokens of the agent's prompt before and after, by the items' own method. */
export interface FlashSaved {
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  /** Items of which something left the prompt now. */
  readonly itemsArchived: number;
  /** Whether the provider had the prompt in its cache: then the next call pays for all of it again. */
  readonly cacheWarm: boolean;
  /** Why less was archived than was aimed at; null: it was not less. */
  readonly unreached: string | null;
}

/**
 * Archives what an agent's prompt can do without, and tells the tier of every item. Planned from the whole texts each
 * time: a piece of an earlier save may come back, and keeps its id for ever. One transaction: the pieces are written
 * down, read back and compared, and only then does the prompt change. Throws and changes nothing otherwise; never makes
 * the prompt longer.
 */
export async function flashSave(ports: FlashSavePorts, request: FlashSaveRequest): Promise<FlashSaved> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await planAndApply(ports, request);
    } catch (error) {
      if (!(error instanceof MemoryMoved) || tries === triesMax) throw error;
    }
  }
}

const triesMax = 3;

async function planAndApply(ports: FlashSavePorts, request: FlashSaveRequest): Promise<FlashSaved> {
  const memory = await ports.store.read((tx) => readAgent(tx, ports, request.agent));
  const tokensBefore = promptTokens(memory.items);
  const nothing: FlashSaved = {
    tokensBefore,
    tokensAfter: tokensBefore,
    itemsArchived: 0,
    cacheWarm: memory.cacheWarm,
    unreached: null,
  };
  if (memory.items.length === 0) return nothing;
  const planned = request.settings.off ? null : plan(ports, { memory, request, tokensBefore });
  const decision = decide(ports, { memory, request, nothing, planned });
  return ports.store.write((tx) => apply(ports, { tx, memory, request, decision }), { fence: request.fence });
}

interface AgentMemory {
  readonly items: readonly ContextItemRow[];
  readonly archives: readonly ArchiveRow[];
  /** Of all agents' pieces. */
  readonly archiveIds: ReadonlySet<string>;
  /** The agent's step count: the clock by which its memory ages. */
  readonly step: number;
  readonly cacheWarm: boolean;
}

async function readAgent(tx: ReadTransaction, ports: FlashSavePorts, agent: string): Promise<AgentMemory> {
  return {
    items: await tx.list('context_items', { where: { agent } }),
    archives: await tx.list('archives', { where: { agent } }),
    archiveIds: new Set((await tx.pick('archives', ['id'])).map(({ id }) => id)),
    step: (await tx.get('agents', agent))?.stepCount ?? 0,
    cacheWarm: await isCacheWarm(tx, ports.clock, agent),
  };
}

/** Providers keep a prompt for five minutes after its last use. */
const cacheMs = 5 * 60_000;

async function isCacheWarm(tx: ReadTransaction, clock: Clock, agent: string): Promise<boolean> {
  const [last] = await tx.list('costs', { where: { agent }, orderBy: 'at', descending: true, limit: 1 });
  return last !== undefined && last.cacheReadTokens > 0 && clock.now() - last.at < cacheMs;
}

interface Planned {
  /** By the item's place in the list. */
  readonly cuts: ReadonlyMap<number, readonly PlannedCut[]>;
  readonly reason: string | null;
}

function plan(
  ports: FlashSavePorts,
  planning: {
    readonly memory: AgentMemory;
    readonly request: FlashSaveRequest;
    readonly tokensBefore: number;
  },
): Planned | null {
  const { memory, request, tokensBefore } = planning;
  const targetReduction = targetOf(planning);
  if (targetReduction <= 0) return null;
  const made = planFlashSave(memory.items.map(flashItem), {
    targetReduction,
    now: ports.clock.now(),
    count: (text) => ports.tokens.count(text),
  });
  const figures = { agent: request.agent, targetReduction, tokensBefore, pieces: made.archived.length };
  ports.log.debug(figures, 'planned a flash save');
  return { cuts: allCuts(memory, made), reason: made.reason };
}

/**
 * What a save by itself leaves is not cut again by the next one: pauses that follow each other closely would wear the
 * memory away. So it aims no lower than what the last one left. A person's word is taken as it is.
 */
function targetOf(planning: {
  readonly memory: AgentMemory;
  readonly request: FlashSaveRequest;
  readonly tokensBefore: number;
}): number {
  const { memory, request, tokensBefore } = planning;
  const { target } = request.settings;
  if (request.cause !== 'pause' || tokensBefore === 0) return target;
  const lastSave = memory.archives.reduce((last, { archivedAt }) => Math.max(last, archivedAt), 0);
  const left = promptTokens(memory.items.filter(({ createdAt }) => createdAt <= lastSave));
  return Math.min(target, (tokensBefore - left) / tokensBefore);
}

/** The item as the policy takes it: whole, with what the prompt shows of it today. */
function flashItem(item: ContextItemRow): Parameters<typeof planFlashSave>[0][number] {
  const { id, kind, tool, path, callId, isError, step, input, text, tokens, pinned } = item;
  return {
    id,
    kind,
    tool,
    path,
    callId,
    isError,
    step,
    input,
    text,
    tokens,
    pinned,
    promptTokens: item.promptTokens,
  };
}

function allCuts(memory: AgentMemory, made: FlashSavePlan): Planned['cuts'] {
  const pieces = new Map<number, PlannedPiece[]>();
  for (const piece of made.archived) {
    const known = pieces.get(piece.index);
    if (known === undefined) pieces.set(piece.index, [piece]);
    else known.push(piece);
  }
  const inUse = recalledLately(memory);
  const name = namer(memory);
  return new Map(
    [...pieces].map(([index, planned]) => {
      const item = memory.items[index];
      const shown = made.prompt[index]?.text;
      if (item === undefined || shown === undefined)
        throw new Error('the plan names an item that is not there');
      const recalled = inUse.get(item.id) ?? [];
      const cuts = cutsOf(item.text, shown, planned);
      const leaving = cuts.filter((cut) => !recalled.some((piece) => overlap(cut, piece)));
      return [index, leaving.map((cut) => renamedCut(cut, name(item.id, cut)))] as const;
    }),
  );
}

/** A piece that was archived before has its id for ever; a new one the plan's, or the next that no other piece has. */
function namer(memory: AgentMemory): (itemId: string, piece: PlannedPiece) => string {
  const known = new Map(memory.archives.map(({ itemId, from, to, id }) => [`${itemId} ${from} ${to}`, id]));
  const taken = new Set(memory.archiveIds);
  return (itemId, { from, to, recallId }) => {
    const before = known.get(`${itemId} ${from} ${to}`);
    if (before !== undefined) return before;
    let id = recallId;
    for (let n = 2; taken.has(id); n += 1) id = `${recallId}-${n}`;
    taken.add(id);
    return id;
  };
}

/** What an agent has just asked for again stays for a while: by its item's last use, in steps. */
const recalledSteps = 10;

function recalledLately(memory: AgentMemory): ReadonlyMap<string, readonly ArchiveRow[]> {
  const used = new Map(memory.items.map(({ id, lastUsedStep }) => [id, lastUsedStep]));
  const recalled = new Map<string, ArchiveRow[]>();
  for (const row of memory.archives) {
    if (row.recalledAt === null || isOut(row)) continue;
    if (memory.step - (used.get(row.itemId) ?? 0) > recalledSteps) continue;
    recalled.set(row.itemId, [...(recalled.get(row.itemId) ?? []), row]);
  }
  return recalled;
}

function overlap(
  one: { readonly from: number; readonly to: number },
  other: { readonly from: number; readonly to: number },
): boolean {
  return one.from < other.to && other.from < one.to;
}

/** What is to be written, decided before the write lock is taken. */
interface Decision {
  readonly saved: FlashSaved;
  readonly changes: readonly ItemChange[];
  readonly tiers: readonly TierChange[];
  readonly told: NewItem | null;
}

interface TierChange {
  readonly seq: number;
  readonly tier: ContextItemRow['tier'];
  readonly importance: number;
}

function decide(
  ports: FlashSavePorts,
  deciding: {
    readonly memory: AgentMemory;
    readonly request: FlashSaveRequest;
    readonly nothing: FlashSaved;
    readonly planned: Planned | null;
  },
): Decision {
  const { memory, request, nothing, planned } = deciding;
  const changes = planned === null ? [] : changesOf(ports, memory, planned);
  const freed = changes.reduce((sum, { item, tokens }) => sum + item.promptTokens - tokens, 0);
  const draft: FlashSaved = {
    ...nothing,
    tokensAfter: nothing.tokensBefore - freed,
    itemsArchived: changes.filter(({ isCutFurther }) => isCutFurther).length,
    unreached: planned?.reason ?? null,
  };
  const told = request.tell?.item(draft) ?? null;
  const toldTokens = told === null ? 0 : ports.tokens.count(told.text);
  // What frees nothing is not worth a rewritten prompt.
  if (freed <= toldTokens) {
    const saved = { ...nothing, unreached: draft.unreached };
    return { saved, changes: [], tiers: tierChanges(memory, []), told: null };
  }
  const saved = { ...draft, tokensAfter: draft.tokensAfter + toldTokens };
  return { saved, changes, tiers: tierChanges(memory, changes), told };
}

function changesOf(ports: FlashSavePorts, memory: AgentMemory, planned: Planned): readonly ItemChange[] {
  const out = new Map<string, ArchiveRow[]>();
  for (const row of memory.archives) {
    if (isOut(row)) out.set(row.itemId, [...(out.get(row.itemId) ?? []), row]);
  }
  return memory.items.flatMap((item, index) => {
    const cuts = planned.cuts.get(index) ?? [];
    const before = out.get(item.id) ?? [];
    if (item.promptText === null && cuts.length === 0) return [];
    const promptText = shownText(item.text, cuts);
    if (promptText === item.promptText) return [];
    const tokens = promptText === null ? item.tokens : ports.tokens.count(promptText);
    const isCutFurther = cuts.some((cut) => !before.some((row) => row.from <= cut.from && cut.to <= row.to));
    return [{ item, cuts, tokens, isCutFurther }];
  });
}

/** Rounded, so that a memory that only grew older is not written anew each time. */
const importanceStep = 0.05;

function tierChanges(memory: AgentMemory, changes: readonly ItemChange[]): readonly TierChange[] {
  const tokens = new Map(changes.map((change) => [change.item.seq, change.tokens]));
  const items = memory.items.map((item) => ({
    ...item,
    promptTokens: tokens.get(item.seq) ?? item.promptTokens,
  }));
  return tierItems(items, memory.step).flatMap(({ tier, importance }, index) => {
    const item = items[index];
    const rounded = Math.round(importance / importanceStep) * importanceStep;
    if (item === undefined || (tier === item.tier && rounded === item.importance)) return [];
    return [{ seq: item.seq, tier, importance: rounded }];
  });
}

async function apply(
  ports: FlashSavePorts,
  applying: {
    readonly tx: WriteTransaction;
    readonly memory: AgentMemory;
    readonly request: FlashSaveRequest;
    readonly decision: Decision;
  },
): Promise<FlashSaved> {
  const { tx, memory, request, decision } = applying;
  const { agent, cause } = request;
  const { saved, changes, told } = decision;
  await changeItems(tx, ports, { changes, archives: memory.archives, request });
  for (const { seq, ...set } of decision.tiers) await tx.update('context_items', { key: [agent, seq], set });
  if (told !== null) await addTold(tx, ports, { memory, request, told });
  await recordEvent(tx, ports, { type: 'flash-save-done', data: { agent, cause, ...saved } });
  return saved;
}

async function addTold(
  tx: WriteTransaction,
  ports: FlashSavePorts,
  telling: { readonly memory: AgentMemory; readonly request: FlashSaveRequest; readonly told: NewItem },
): Promise<void> {
  const { memory, request, told } = telling;
  const seq = (memory.items.at(-1)?.seq ?? 0) + 1;
  const taskId = request.tell?.taskId ?? null;
  const place = { agent: request.agent, taskId, stepId: null, seq, step: memory.step };
  await tx.insert('context_items', newItemRow(ports, { item: told, place }));
}

/** What the agent's prompt holds now. */
export function promptTokens(items: readonly Pick<ContextItemRow, 'promptTokens'>[]): number {
  return items.reduce((sum, item) => sum + item.promptTokens, 0);
}
