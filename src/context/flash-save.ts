import type { Clock } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Fence, ReadTransaction, Store, WriteTransaction } from '../store/store.ts';
import { changeItems, memoryColumns, MemoryMoved } from './change-items.ts';
import { decideFlashSave, type AgentMemory, type Decision } from './decide-flash-save.ts';
import type { NewItem } from './item.ts';
import type { KnownTexts } from './known-texts.ts';
import { newItemRow } from './new-item.ts';
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
  /** What this process knows of the texts of memories; absent: each plan reads them all. */
  readonly known?: KnownTexts | undefined;
}

/** Why a flash save is made: with a pause, because the model's window is nearly full, or because a person asked. */
export type FlashSaveCause = 'pause' | 'window' | 'asked';

export interface FlashSaveRequest {
  readonly agent: string;
  readonly settings: FlashSaveSettings;
  readonly fence: Fence;
  readonly cause: FlashSaveCause;
  readonly pauseId: string | null;
  /** Ids of the items that the prompt consists of; absent: the whole memory. What is not in it is left as it is. */
  readonly among?: readonly string[];
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
  /** Why another share was archived than was aimed at, in words; null: about that share was. */
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
  const memory = await ports.store.read((tx) => readAgent(tx, ports, request));
  const decision = decideFlashSave(ports, { memory, request });
  // An agent without a memory has nothing to tell of.
  if (memory.items.length === 0) return decision.saved;
  return ports.store.write((tx) => apply(ports, { tx, memory, request, decision }), { fence: request.fence });
}

async function readAgent(
  tx: ReadTransaction,
  ports: FlashSavePorts,
  { agent, among }: FlashSaveRequest,
): Promise<AgentMemory> {
  const shown = among === undefined ? null : new Set(among);
  const items = await tx.pick('context_items', memoryColumns, { where: { agent } });
  return {
    items: shown === null ? items : items.filter(({ id }) => shown.has(id)),
    lastSeq: items.at(-1)?.seq ?? 0,
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
  const { saved, changes, tiers, told } = decision;
  await changeItems(tx, ports, { changes, tiers, archives: memory.archives, request });
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
  const seq = memory.lastSeq + 1;
  const taskId = request.tell?.taskId ?? null;
  const place = { agent: request.agent, taskId, stepId: null, seq, step: memory.step };
  await tx.insert('context_items', newItemRow(ports, { item: told, place }));
}
