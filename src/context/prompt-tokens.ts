import type { ContextItemRow } from './item.ts';

/** What the agent's prompt holds now. */
export function promptTokens(items: readonly Pick<ContextItemRow, 'promptTokens'>[]): number {
  return items.reduce((sum, item) => sum + item.promptTokens, 0);
}

/** The same of some items; `shown`: their ids, absent: all of them. */
export function shownTokens(
  items: readonly Pick<ContextItemRow, 'id' | 'promptTokens'>[],
  shown?: readonly string[],
): number {
  const ids = shown === undefined ? null : new Set(shown);
  return promptTokens(ids === null ? items : items.filter(({ id }) => ids.has(id)));
}
