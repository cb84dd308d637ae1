import type { ContextItemRow } from './item.ts';

/** What the agent's prompt holds now. */
export function promptTokens(items: readonly Pick<ContextItemRow, 'promptTokens'>[]): number {
  return items.reduce((sum, item) => sum + item.promptTokens, 0);
}
