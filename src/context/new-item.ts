import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { ContextItemRow, NewItem } from './item.ts';
import { firstImportance } from './tier-items.ts';
import type { TokenCounter } from './tokens.ts';

/** The row of an item that enters an agent's memory: counted, and in the prompt. */
export function newItemRow(
  ports: { readonly ids: Ids; readonly clock: Clock; readonly tokens: TokenCounter },
  added: {
    readonly item: NewItem;
    readonly place: Pick<ContextItemRow, 'agent' | 'taskId' | 'stepId' | 'seq' | 'step'>;
  },
): ContextItemRow {
  const { item, place } = added;
  const tokens = ports.tokens.count(item.text);
  const row: ContextItemRow = {
    ...place,
    id: ports.ids.next('item'),
    kind: item.kind,
    tool: item.tool ?? null,
    path: item.path ?? null,
    callId: item.callId ?? null,
    isError: item.isError ?? false,
    input: item.input ?? null,
    text: item.text,
    promptText: null,
    meta: item.meta ?? null,
    tokens,
    promptTokens: tokens,
    tokenMethod: ports.tokens.method,
    importance: 1,
    tier: 'HOT',
    pinned: item.pinned ?? false,
    accessCount: 0,
    lastUsedStep: place.step,
    createdAt: ports.clock.now(),
  };
  return { ...row, importance: firstImportance(row) };
}
