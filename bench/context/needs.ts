import type { SessionItem } from './sessions.ts';
import { linesOf, quotedBy, shownText, stringsOf, termsOf } from './terms.ts';

/** What one turn after the pause needs from before it. */
export interface StepNeeds {
  /** Turns after the pause, from 1. */
  readonly distance: number;
  readonly terms: readonly string[];
  readonly lines: readonly string[];
}

/** Terms and lines of a text. */
export interface Shown {
  readonly terms: Set<string>;
  readonly lines: Set<string>;
}

/**
 * The needs of the agent's real future: what its calls use for the first time since the pause, that stood before the pause,
 * and that nothing after the pause had supplied: no result, no user, no earlier call of its own.
 */
export function needsAfter(
  items: readonly SessionItem[],
  cut: number,
  read: (item: SessionItem) => Shown,
): StepNeeds[] {
  const before = union(items.slice(0, cut).map(read));
  const known: Shown = { terms: new Set(), lines: new Set() };
  const needs: StepNeeds[] = [];
  for (const [position, turn] of turnsOf(items.slice(cut)).entries()) {
    const terms = new Set<string>();
    const lines = new Set<string>();
    for (const item of turn) {
      const used = item.kind === 'call' ? usedBy(item) : NOTHING;
      missing(before.terms, known.terms, used.terms).forEach((term) => terms.add(term));
      missing(before.lines, known.lines, used.lines).forEach((line) => lines.add(line));
      if (item.kind !== 'assistant') add(known, read(item));
    }
    needs.push({ distance: position + 1, terms: [...terms], lines: [...lines] });
  }
  return needs.filter((need) => need.terms.length + need.lines.length > 0);
}

const NOTHING: Shown = { terms: new Set(), lines: new Set() };

function usedBy(call: SessionItem): Shown {
  return { terms: termsOf(stringsOf(call.input)), lines: linesOf(quotedBy(call.input)) };
}

/** Terms and lines of an item as it was recorded. */
export function readItem(item: SessionItem): Shown {
  return readShown(item.kind, item.text);
}

/** Terms and lines of what a prompt shows. */
export function readShown(kind: string, text: string): Shown {
  const shown = shownText(kind, text);
  return { terms: termsOf(shown), lines: linesOf(shown) };
}

export function union(all: readonly Shown[]): Shown {
  const sum: Shown = { terms: new Set(), lines: new Set() };
  for (const one of all) add(sum, one);
  return sum;
}

function add(sum: Shown, one: Shown): void {
  for (const term of one.terms) sum.terms.add(term);
  for (const line of one.lines) sum.lines.add(line);
}

function missing(before: Set<string>, known: Set<string>, used: Set<string>): string[] {
  return [...used].filter((one) => before.has(one) && !known.has(one));
}

function turnsOf(items: readonly SessionItem[]): SessionItem[][] {
  const turns: SessionItem[][] = [];
  let step: number | null = null;
  for (const item of items) {
    if (item.step !== step || turns.length === 0) turns.push([]);
    step = item.step;
    turns.at(-1)?.push(item);
  }
  return turns;
}
