import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { recordEvent } from '../event/record-event.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Fence, Store, WriteTransaction } from '../store/store.ts';
import type { ContextItemRow } from './item.ts';
import { planFlashSave, type FlashSavePlan } from './plan-flash-save.ts';
import type { TokenCounter } from './tokens.ts';

export interface FlashSaveSettings {
  readonly off: boolean;
  /** Share of the prompt's tokens that a flash save aims to archive, 0 to 1. */
  readonly target: number;
}

export interface FlashSavePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly actor: string;
  readonly tokens: TokenCounter;
}

/** Tokens of the agent's prompt before and after, by the items' own method. */
export interface FlashSaved {
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly itemsArchived: number;
}

/**
 * Archives what an agent's prompt can do without. One transaction: the pieces are written down, read back and
 * compared with the items' own text, and only then does the prompt change. Throws and changes nothing otherwise.
 */
export async function flashSave(
  ports: FlashSavePorts,
  request: {
    readonly agent: string;
    readonly settings: FlashSaveSettings;
    readonly fence: Fence;
    readonly pauseId: string | null;
  },
): Promise<FlashSaved> {
  const { agent, fence, settings } = request;
  const items = await ports.store.read((tx) => tx.list('context_items', { where: { agent } }));
  const tokensBefore = promptTokens(items);
  if (settings.off || items.length === 0) {
    return { tokensBefore, tokensAfter: tokensBefore, itemsArchived: 0 };
  }
  const plan = planFlashSave(items.map(planned), {
    targetReduction: settings.target,
    now: ports.clock.now(),
    count: (text) => ports.tokens.count(text),
  });
  ports.log.debug({ agent, target: settings.target, archived: plan.archived.length }, 'planned a flash save');
  return ports.store.write((tx) => apply(ports, { tx, items, plan, request, tokensBefore }), { fence });
}

/** An item that a former save has cut already stays as it is shown: what left it is recalled by its own ids. */
function planned(item: ContextItemRow): Parameters<typeof planFlashSave>[0][number] {
  return {
    id: item.id,
    kind: item.kind,
    step: item.step,
    isError: item.isError,
    text: item.promptText ?? item.text,
    tokens: item.promptTokens,
    pinned: item.pinned || item.promptText !== null,
    ...(item.tool === null ? {} : { tool: item.tool }),
    ...(item.path === null ? {} : { path: item.path }),
    ...(item.callId === null ? {} : { callId: item.callId }),
    ...(item.input === null ? {} : { input: item.input }),
  };
}

interface Applying {
  readonly tx: WriteTransaction;
  readonly items: readonly ContextItemRow[];
  readonly plan: FlashSavePlan;
  readonly request: { readonly agent: string; readonly pauseId: string | null };
  readonly tokensBefore: number;
}

async function apply(ports: FlashSavePorts, applying: Applying): Promise<FlashSaved> {
  const { tx, plan, request, tokensBefore } = applying;
  const byId = new Map(applying.items.map((item) => [item.id, item]));
  const changed = new Set(plan.archived.map(({ id }) => id));
  const shown = new Map(plan.prompt.map(({ id, text }) => [id, text]));
  for (const piece of plan.archived) {
    await archivePiece(ports, { tx, request, piece, item: needed(byId, piece.id) });
  }
  let tokensAfter = tokensBefore;
  for (const id of changed) {
    const item = needed(byId, id);
    const promptText = shown.get(id);
    if (promptText === undefined) throw new Error(`the plan archives from ${id} but does not show it`);
    const promptTokens = ports.tokens.count(promptText);
    tokensAfter += promptTokens - item.promptTokens;
    await tx.update('context_items', {
      key: [item.agent, item.seq],
      set: { promptText, promptTokens, tier: 'COLD' },
    });
  }
  if (tokensAfter > tokensBefore) throw new Error('the flash save would make the prompt longer');
  const saved = { tokensBefore, tokensAfter, itemsArchived: changed.size };
  await recordEvent(tx, ports, { type: 'flash-save-done', data: { agent: request.agent, ...saved } });
  return saved;
}

async function archivePiece(
  ports: FlashSavePorts,
  archiving: {
    readonly tx: WriteTransaction;
    readonly request: Applying['request'];
    readonly piece: FlashSavePlan['archived'][number];
    readonly item: ContextItemRow;
  },
): Promise<void> {
  const { tx, request, piece, item } = archiving;
  const sha256 = digest(item.text.slice(piece.from, piece.to));
  await tx.insert('archives', {
    id: piece.recallId,
    itemId: item.id,
    agent: request.agent,
    from: piece.from,
    to: piece.to,
    sha256,
    pauseId: request.pauseId,
    archivedAt: ports.clock.now(),
    recalledAt: null,
  });
  const row = await tx.get('archives', piece.recallId);
  const back = await tx.get('context_items', item.agent, item.seq);
  if (row === undefined || back === undefined)
    throw new Error(`the archived piece ${piece.recallId} is not there`);
  if (digest(back.text.slice(row.from, row.to)) !== sha256) {
    throw new Error(`the archived piece ${piece.recallId} does not read back as it was`);
  }
}

function needed(byId: ReadonlyMap<string, ContextItemRow>, id: string): ContextItemRow {
  const item = byId.get(id);
  if (item === undefined) throw new Error(`the plan names an item that is not there: ${id}`);
  return item;
}

/** What the agent's prompt holds now. */
export function promptTokens(items: readonly ContextItemRow[]): number {
  return items.reduce((sum, item) => sum + item.promptTokens, 0);
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
