import { type CutMemory, cutMemory } from './cut.ts';
import { type Draft, type Drafts, draftsOf } from './draft.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { factsOf } from './facts.ts';
import { admitItems, type AdmittedItem, type FlashItem } from './flash-item.ts';
import type { KnownTexts } from './known-texts.ts';
import { readMemory } from './memory.ts';
import { rankMemory } from './rank.ts';
import { RANKING, type Ranking } from './weights.ts';
import { type ArchivedPiece, promptWriter, type StubCounter, type WrittenPrompt } from './write-prompt.ts';

/** What a flash save is asked for. */
export interface FlashSaveOptions {
  /** Share of the prompt's tokens that should leave, 0 to 1. */
  readonly targetReduction: number;
  /** The time of the save. Nothing ages by it: age is counted in steps. */
  readonly now?: number | string | Date | undefined;
  /** Counts new texts (stubs) as the model would. Absent: an estimate. */
  readonly count?: ((text: string) => number) | undefined;
  /** What is known of texts already: a plan is the same with it and without, but is made sooner, and adds to it. */
  readonly known?: KnownTexts | undefined;
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
  /** Why the target was not reached, or missed by more than 3 points, in words; null: it was met. */
  readonly reason: string | null;
}

/**
 * Says what leaves an agent's prompt so that about `targetReduction` of its tokens are freed, and what stands there instead.
 * Pure and deterministic: no model, no clock, no network. Takes any input and never throws, never makes the prompt longer,
 * and loses nothing: `text.slice(from, to)` of the archived pieces and what stays are the item again.
 */
export function planFlashSave(items: readonly FlashItem[], options: FlashSaveOptions): FlashSavePlan {
  return planRanked(items, options, RANKING);
}

/** With another ranking: the benchmark's, which has not seen the repository that is measured. */
export function planRanked(
  items: readonly FlashItem[],
  options: FlashSaveOptions,
  ranking: Ranking,
): FlashSavePlan {
  const admitted = admitItems(items);
  const target = targetOf(options?.targetReduction);
  const whole = sum(admitted, (item) => item.tokens);
  const tokensBefore = sum(admitted, (item) => item.promptTokens);
  options?.known?.tidy();
  const memory = readMemory(admitted, options?.known);
  const facts = factsOf(memory);
  const cut = cutMemory(facts);
  const goal = whole - tokensBefore * (1 - target);
  const desk = {
    drafts: draftsOf(cut, rankMemory(facts, cut.pieces, ranking)),
    write: promptWriter(cut, counterOf(cut, options?.count)),
  };
  const written = writeToGoal(desk, {
    goal,
    least: goal - tokensBefore * CLOSE_ENOUGH,
    freedBefore: whole - tokensBefore,
  });
  const tokensAfter = Math.max(0, Math.round(whole - written.freed));
  const reduction = tokensBefore === 0 ? 0 : (tokensBefore - tokensAfter) / tokensBefore;
  const kept = sum(admitted, (item, index) => (memory.kept[index] === true ? item.promptTokens : 0));
  return {
    prompt: written.prompt,
    archived: written.archived,
    tokensBefore,
    tokensAfter,
    reduction,
    reason:
      tokensBefore === 0
        ? 'there is nothing to archive'
        : reasonOf(options?.targetReduction, { target, reduction, kept: kept / tokensBefore }),
  };
}

function sum(items: readonly AdmittedItem[], of: (item: AdmittedItem, index: number) => number): number {
  return items.reduce((total, item, index) => total + of(item, index), 0);
}

function targetOf(target: unknown): number {
  if (typeof target !== 'number' || Number.isNaN(target)) return 0;
  return Math.min(1, Math.max(0, target));
}

/** A target counts as met from here on, and up to here. */
const CLOSE_ENOUGH = 0.02;
const TOO_FAR = 0.03;

function reasonOf(asked: unknown, got: { target: number; reduction: number; kept: number }): string | null {
  if (typeof asked !== 'number' || Number.isNaN(asked))
    return 'the target is not a number: nothing was archived';
  if (got.reduction > got.target + TOO_FAR)
    return `${percent(got.reduction)} were freed, more than the ${percent(got.target)} asked for: what may leave is few texts, and they cannot be cut finer`;
  if (got.reduction >= got.target - CLOSE_ENOUGH && asked <= 1 && asked >= 0) return null;
  const reached = `${percent(Math.max(0, got.reduction))} of the ${percent(asked)} asked for were reached`;
  const kept = `${percent(got.kept)} of the prompt is never archived (instructions, the task, what people said, pins, the last exchange)`;
  return `${reached}: ${kept}, and the rest is stubs and items too small to archive`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

interface Goal {
  /** Tokens to free, and how many of them are enough. */
  readonly goal: number;
  readonly least: number;
  /** What earlier saves freed. */
  readonly freedBefore: number;
}

/** What drafts a memory and writes the drafts. */
interface Desk {
  readonly drafts: Drafts;
  readonly write: (draft: Draft) => WrittenPrompt;
}

/**
 * Writes the prompt, counts it, and aims again by what the drafts misjudged. Where the pieces alone do not free enough, the
 * stubs name less, if that meets the goal.
 */
function writeToGoal(desk: Desk, { goal, least, freedBefore }: Goal): WrittenPrompt {
  const full = writeAt(desk, goal, 1);
  if (full.freed >= least) return full;
  // What names nothing frees most: when that is not enough, names stay, unless the prompt would grow by them.
  const barest = writeAt(desk, goal, NAMELESS);
  if (barest.freed < least) return full.freed >= freedBefore ? full : barest;
  for (const dear of NAME_PRICES) {
    const next = writeAt(desk, goal, dear);
    if (next.freed >= least) return next;
  }
  return barest;
}

function writeAt({ drafts, write }: Desk, goal: number, dear: number): WrittenPrompt {
  let aim = goal;
  let best = write(fit(drafts, aim, dear));
  for (let round = 0; round < ROUNDS && Math.abs(best.freed - goal) > goal * TOLERANCE; round += 1) {
    aim += goal - best.freed;
    const next = write(fit(drafts, aim, dear));
    if (Math.abs(next.freed - goal) >= Math.abs(best.freed - goal)) break;
    best = next;
  }
  return best;
}

const ROUNDS = 2;
const TOLERANCE = 0.02;
/** How many times dearer names become until the goal is met. */
const NAME_PRICES = [1.5, 2, 3, 5, 10];
const NAMELESS = 1_000;

/** A recall id is more tokens than its letters look like. */
const RECALL_ID_TOKENS = 2.5;

/** The estimate stands in where a count is none. */
function counterOf(cut: CutMemory, count: FlashSaveOptions['count']): StubCounter {
  const estimated: StubCounter = (stub, item) =>
    (estimateTokens(stub) + RECALL_ID_TOKENS) * (cut.rates[item] ?? cut.rate);
  if (count === undefined) return estimated;
  return (stub, item) => {
    const counted = count(stub);
    return Number.isFinite(counted) && counted >= 0 ? counted : estimated(stub, item);
  };
}

/** The moves, cheapest first, that free as many tokens as the goal or come nearest to it. */
function fit({ count, touchedBy, freedBy, draft }: Drafts, goal: number, dear: number): Draft {
  const freed = (moves: number): number => freedBy({ moves, dear });
  let low = 0;
  let below = freed(low);
  if (goal <= 0) return draft({ moves: low, dear });
  const same = Math.max(Math.min(SAME, goal * TOLERANCE), goal * SAME_SHARE);
  let high = count;
  let above = freed(high);
  // Guesses along the line between what is known, and halves every third time, so that a curve cannot slow it down.
  for (let guess = 1; high - low > 1 && above - below > 1; guess += 1) {
    const share = guess % 3 === 0 ? 1 / 2 : (goal - below) / (above - below);
    const tokens = touchedBy(low) + (touchedBy(high) - touchedBy(low)) * share;
    const middle = Math.min(high - 1, Math.max(low + 1, firstWith(touchedBy, tokens, { low, high })));
    const next = freed(middle);
    if (next >= goal) [high, above] = [middle, next];
    else [low, below] = [middle, next];
    if (Math.abs(next - goal) < same) return draft({ moves: middle, dear });
  }
  return draft({ moves: Math.abs(above - goal) < Math.abs(goal - below) ? high : low, dear });
}

/** The fewest moves in a range that touch so many tokens. */
function firstWith(
  touchedBy: Drafts['touchedBy'],
  tokens: number,
  range: { readonly low: number; readonly high: number },
): number {
  let { low, high } = range;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (touchedBy(middle) < tokens) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Tokens, and a share of the goal, that make no difference. */
const SAME = 20;
const SAME_SHARE = 0.004;
