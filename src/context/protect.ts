import type { AdmittedItem } from './flash-item.ts';

/** Kinds that never leave the prompt: what people, the task and the instructions said. */
const KEPT_KINDS = new Set(['user', 'instructions', 'system', 'task', 'meta', 'blocker', 'prompt']);

/** Which items stay whole whatever the target: see `KEPT_KINDS`, pins, and the last exchange. */
export function protectedItems(items: readonly AdmittedItem[]): boolean[] {
  const exchange = startOfLastExchange(items);
  return items.map((item, index) => item.pinned || KEPT_KINDS.has(item.kind) || index >= exchange);
}

/**
 * Everything since the last word of a person, while that is a small part of the memory; an agent that has worked alone for
 * hours keeps its last turn instead, or nothing could be archived.
 */
function startOfLastExchange(items: readonly AdmittedItem[]): number {
  const sinceUser = items.findLastIndex((item) => item.kind === 'user');
  const total = sumTokens(items);
  if (sinceUser >= 0 && sumTokens(items.slice(sinceUser)) <= total * EXCHANGE_SHARE) return sinceUser;
  const lastStep = items.at(-1)?.step ?? 0;
  const lastTurn = items.findIndex((item) => item.step === lastStep);
  // All in one step: nobody counted them, or they ran backwards.
  const start = lastTurn > 0 ? lastTurn : startOfLastAnswer(items);
  return items.slice(0, start).every(({ kind }) => KEPT_KINDS.has(kind))
    ? startOfLastFew(items, total)
    : start;
}

/** The last words and calls of the agent, with the results that follow them. */
function startOfLastAnswer(items: readonly AdmittedItem[]): number {
  const words = items.findLastIndex((item) => item.kind !== 'result');
  return (
    items.findLastIndex((item, at) => at < words && (item.kind === 'result' || item.kind === 'user')) + 1
  );
}

/** Where an exchange would be all that may leave: its end, while that is small, and a call with its result at the least. */
function startOfLastFew(items: readonly AdmittedItem[], total: number): number {
  let start = items.length;
  let tokens = 0;
  while (start > 0) {
    tokens += items[start - 1]?.tokens ?? 0;
    if (tokens > total * EXCHANGE_SHARE && items.length - start >= LEAST_LAST) break;
    start -= 1;
  }
  return start;
}

const LEAST_LAST = 2;
const EXCHANGE_SHARE = 0.1;

function sumTokens(items: readonly AdmittedItem[]): number {
  return items.reduce((sum, item) => sum + item.tokens, 0);
}
