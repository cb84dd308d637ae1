import { createHash } from 'node:crypto';

import { type Draft, draftsOf, type Run } from './draft.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { admitItems, type FlashItem } from './flash-item.ts';
import { type Memory, readMemory } from './memory.ts';
import { rankMemory } from './rank.ts';
import { renderRun } from './stub.ts';

/** What a flash save is asked for. */
export interface FlashSaveOptions {
  /** Share of the prompt's tokens that should leave, 0 to 1. */
  readonly targetReduction: number;
  /** The time of the save. Nothing ages by it: age is counted in steps. */
  readonly now?: number | string | Date | undefined;
  /** Counts new texts (stubs) as the model would. Absent: an estimate. */
  readonly count?: ((text: string) => number) | undefined;
}

/** A plan: nothing has happened yet. */
export interface FlashSavePlan {
  /** What the prompt shows of each item, in order, one entry per item: the whole text, a part with stubs, or a stub. */
  readonly prompt: readonly { readonly id: string; readonly text: string }[];
  /** What leaves: characters `from` to `to` (end excluded) of item number `index`. */
  readonly archived: readonly ArchivedPiece[];
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  /** Share of tokens that leave, stubs paid. */
  readonly reduction: number;
  /** Why the target was not reached, in words; null: it was. */
  readonly reason: string | null;
}

export interface ArchivedPiece {
  readonly id: string;
  readonly recallId: string;
  readonly from: number;
  readonly to: number;
  /** Of the item in the list: ids may come twice. */
  readonly index: number;
}

/**
 * Says what leaves an agent's prompt so that about `targetReduction` of its tokens are freed, and what stands there instead.
 * Pure and deterministic: no model, no clock, no network. Takes any input and never throws, never makes the prompt longer,
 * and loses nothing: `text.slice(from, to)` of the archived pieces and what stays are the item again.
 */
export function planFlashSave(items: readonly FlashItem[], options: FlashSaveOptions): FlashSavePlan {
  const target = targetOf(options.targetReduction);
  const memory = readMemory(admitItems(items));
  const before = memory.items.reduce((sum, item) => sum + item.promptTokens, 0);
  const whole = memory.items.reduce((sum, item) => sum + item.tokens, 0);
  const goal = whole - before * (1 - target);
  const draft = fit(memory, goal);
  const plan = write(memory, draft, options.count ?? estimateTokens);
  const after = whole - plan.freed;
  return {
    prompt: plan.prompt,
    archived: plan.archived,
    tokensBefore: before,
    tokensAfter: after,
    reduction: before === 0 ? 0 : (before - after) / before,
    reason:
      before === 0 || (before - after) / before >= target - CLOSE_ENOUGH
        ? null
        : 'what is left may not be archived',
  };
}

const CLOSE_ENOUGH = 0.01;

function targetOf(target: number): number {
  if (!Number.isFinite(target)) return 0;
  return Math.min(1, Math.max(0, target));
}

/** The fewest moves, cheapest first, that free as many tokens as the goal. */
function fit(memory: Memory, goal: number): Draft {
  const { count, draft } = draftsOf(memory, rankMemory(memory));
  if (goal <= 0) return draft(0);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (draft(middle).freed >= goal) high = middle;
    else low = middle + 1;
  }
  return draft(low);
}

interface Written {
  readonly prompt: { id: string; text: string }[];
  readonly archived: ArchivedPiece[];
  readonly freed: number;
}

function write(memory: Memory, draft: Draft, count: (text: string) => number): Written {
  const runs = new Map<number, Run[]>();
  for (const run of draft.runs) runs.set(run.item, [...(runs.get(run.item) ?? []), run]);
  const archived: ArchivedPiece[] = [];
  let freed = 0;
  const prompt = memory.items.map((item, index) => {
    let text = '';
    let from = 0;
    for (const run of runs.get(index) ?? []) {
      const piece = pieceOf(memory, run);
      const stub = renderRun(memory, run, piece.recallId);
      freed += run.tokens - count(stub);
      archived.push(piece);
      text += item.text.slice(from, piece.from) + stub;
      from = piece.to;
    }
    return { id: item.id, text: text + item.text.slice(from) };
  });
  return { prompt, archived, freed };
}

function pieceOf(memory: Memory, run: Run): ArchivedPiece {
  const item = memory.items[run.item];
  const from = memory.pieces[run.first]?.from ?? 0;
  const to = memory.pieces[run.last]?.to ?? 0;
  const hash = createHash('sha256').update(`${run.item} ${item?.id ?? ''} ${from} ${to}`).digest();
  return { id: item?.id ?? '', recallId: hash.readUIntBE(0, 6).toString(36).slice(-7), from, to, index: run.item };
}
