import type { SessionItem } from './sessions.ts';

/** Where the share of a segment's tokens is cut besides its real pauses. */
const SHARES = [0.4, 0.6, 0.8];
const LEAST_TOKENS = 3_000;
const LEAST_FUTURE_CALLS = 3;
const REAL_PAUSE_MS = 30 * 60_000;

/**
 * The pause points of one segment: the index of the first item after the pause. A pause stands between two turns, where
 * every call has its result: at 40, 60 and 80 % of the segment's tokens, and wherever the user was away for 30 minutes.
 */
export function pausesOf(items: readonly SessionItem[]): number[] {
  const before = tokensBefore(items);
  const total = before.at(-1) ?? 0;
  const turns = items.map((_, index) => index).filter((index) => index > 0 && isTurnStart(items, index));
  const cuts = new Set<number>();
  for (const share of SHARES) {
    const cut = turns.find((index) => (before[index] ?? 0) >= total * share);
    if (cut !== undefined) cuts.add(cut);
  }
  for (const cut of turns) if (isRealPause(items, cut)) cuts.add(cut);
  return [...cuts].filter((cut) => isWorthMeasuring(items, before, cut)).toSorted((a, b) => a - b);
}

function tokensBefore(items: readonly SessionItem[]): number[] {
  let sum = 0;
  const before = items.map((item) => (sum += item.tokens) - item.tokens);
  return [...before, sum];
}

function isTurnStart(items: readonly SessionItem[], index: number): boolean {
  const item = items[index];
  if (item === undefined || item.kind === 'result') return false;
  if (item.kind !== 'user' && item.step === items[index - 1]?.step) return false;
  return !hasOpenCall(items, index);
}

function hasOpenCall(items: readonly SessionItem[], cut: number): boolean {
  const answered = new Set(
    items.slice(0, cut).flatMap((item) => (item.kind === 'result' ? [item.callId] : [])),
  );
  const late = new Set(items.slice(cut).flatMap((item) => (item.kind === 'result' ? [item.callId] : [])));
  return items
    .slice(0, cut)
    .some((item) => item.kind === 'call' && !answered.has(item.callId) && late.has(item.callId));
}

function isRealPause(items: readonly SessionItem[], cut: number): boolean {
  if (items[cut]?.kind !== 'user') return false;
  return timeOf(items[cut]) - timeOf(items[cut - 1]) >= REAL_PAUSE_MS;
}

function timeOf(item: SessionItem | undefined): number {
  return Date.parse(String(item?.at ?? ''));
}

function isWorthMeasuring(items: readonly SessionItem[], before: readonly number[], cut: number): boolean {
  const calls = items.slice(cut).filter((item) => item.kind === 'call').length;
  return (before[cut] ?? 0) >= LEAST_TOKENS && calls >= LEAST_FUTURE_CALLS;
}
