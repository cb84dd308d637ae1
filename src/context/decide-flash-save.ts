import type { ArchiveRow } from './archive.ts';
import { isOut, type ItemChange, type MemoryItem, type TierChange } from './change-items.ts';
import type { FlashSaved, FlashSavePorts, FlashSaveRequest } from './flash-save.ts';
import type { NewItem } from './item.ts';
import { planFlashSave, type FlashSavePlan } from './plan-flash-save.ts';
import { promptTokens } from './prompt-tokens.ts';
import { renamedCut, shownText, type PlannedCut } from './shown-text.ts';
import { type TieredItem, tierItems } from './tier-items.ts';

/** An agent's memory as a flash save finds it. */
export interface AgentMemory {
  readonly items: readonly MemoryItem[];
  /** Of the newest item; 0 when there is none. */
  readonly lastSeq: number;
  readonly archives: readonly ArchiveRow[];
  /** Of all agents' pieces. */
  readonly archiveIds: ReadonlySet<string>;
  /** The agent's step count: the clock by which its memory ages. */
  readonly step: number;
  readonly cacheWarm: boolean;
}

/** What is to be written, decided before the write lock is taken. */
export interface Decision {
  readonly saved: FlashSaved;
  readonly changes: readonly ItemChange[];
  readonly tiers: readonly TierChange[];
  readonly told: NewItem | null;
}

/** Plans a save and says what it changes. Pure but for the counting; changes nothing. */
export function decideFlashSave(
  ports: FlashSavePorts,
  deciding: {
    readonly memory: AgentMemory;
    readonly request: FlashSaveRequest;
  },
): Decision {
  const { memory, request } = deciding;
  const tokensBefore = promptTokens(memory.items);
  const nothing: FlashSaved = {
    tokensBefore,
    tokensAfter: tokensBefore,
    itemsArchived: 0,
    cacheWarm: memory.cacheWarm,
    unreached: null,
  };
  const planned = request.settings.off ? null : plan(ports, { memory, request, tokensBefore });
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
  const made = planFlashSave(
    memory.items.map((item) => flashItem(item, memory.step)),
    {
      targetReduction,
      now: ports.clock.now(),
      count: (text) => ports.tokens.count(text),
      known: ports.known,
    },
  );
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

/**
 * The item as the policy takes it: whole, with what the prompt shows of it today. What a tool has just recalled stands in its
 * answer alone, and stays there for a while.
 */
function flashItem(item: MemoryItem, now: number): Parameters<typeof planFlashSave>[0][number] {
  const { id, kind, tool, path, callId, isError, step, text, tokens } = item;
  const isRecalled = kind === 'result' && RECALL_TOOL.test(tool ?? '') && now - step <= recalledSteps;
  const pinned = item.pinned || isRecalled;
  return {
    id,
    kind,
    tool,
    path,
    callId,
    isError,
    step,
    text,
    tokens,
    pinned,
    promptTokens: item.promptTokens,
  };
}

function allCuts(memory: AgentMemory, made: FlashSavePlan): Planned['cuts'] {
  const inUse = recalledLately(memory);
  const name = namer(memory);
  const cuts = new Map<number, PlannedCut[]>();
  for (const { index, recallId, from, to, stub } of made.archived) {
    const itemId = memory.items[index]?.id ?? '';
    const cut = { recallId, from, to, stub };
    if (inUse.get(itemId)?.some((piece) => overlap(cut, piece)) === true) continue;
    const named = renamedCut(cut, name(itemId, cut));
    const known = cuts.get(index);
    if (known === undefined) cuts.set(index, [named]);
    else known.push(named);
  }
  return cuts;
}

/** A piece that was archived before has its id for ever; a new one the plan's, or the next that no other piece has. */
function namer(memory: AgentMemory): (itemId: string, cut: PlannedCut) => string {
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

/** The agent's own tool, also under the names that other agents give to an MCP server's tools. */
const RECALL_TOOL = /(?:^|_)recall$/;

/** What an agent has just asked for again stays for a while: by its item's last use, in steps. */
const recalledSteps = 10;

function recalledLately(memory: AgentMemory): ReadonlyMap<string, readonly ArchiveRow[]> {
  if (memory.archives.every(({ recalledAt }) => recalledAt === null)) return new Map();
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
    return [{ item, cuts, promptText, tokens, isCutFurther }];
  });
}

/** Rounded, so that a memory that only grew older is not written anew each time. */
const importanceStep = 0.05;

function tierChanges(memory: AgentMemory, changes: readonly ItemChange[]): readonly TierChange[] {
  const tokens = new Map(changes.map((change) => [change.item.seq, change.tokens]));
  const items = memory.items.map((item) => tieredItem(item, tokens.get(item.seq) ?? item.promptTokens));
  const changed: TierChange[] = [];
  tierItems(items, memory.step).forEach(({ tier, importance }, index) => {
    const item = memory.items[index];
    const rounded = Math.round(importance / importanceStep) * importanceStep;
    if (item === undefined || (tier === item.tier && rounded === item.importance)) return;
    changed.push({ seq: item.seq, tier, importance: rounded });
  });
  return changed;
}

/** Field by field: ten thousand copies by spread take ten times as long. */
function tieredItem(item: MemoryItem, promptTokens: number): TieredItem {
  const { kind, tool, path, callId, isError, text, tokens, pinned, accessCount, step, lastUsedStep } = item;
  return {
    kind,
    tool,
    path,
    callId,
    isError,
    text,
    tokens,
    promptTokens,
    pinned,
    accessCount,
    step,
    lastUsedStep,
  };
}
