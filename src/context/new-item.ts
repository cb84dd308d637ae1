import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { ContextItemRow, ItemKind, NewItem } from './item.ts';
import type { TokenCounter } from './tokens.ts';

/** What a kind weighs before its age and its use count. Source: the reference's weights, for its kinds. */
const kindWeights: Readonly<Record<ItemKind, number>> = {
  instructions: 1,
  task: 1,
  user: 1,
  decision: 0.9,
  summary: 0.8,
  message: 0.6,
  call: 0.6,
  result: 0.5,
  reasoning: 0.4,
};

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
  return {
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
    importance: kindWeights[item.kind],
    tier: 'HOT',
    pinned: false,
    accessCount: 0,
    lastUsedStep: place.step,
    createdAt: ports.clock.now(),
  };
}
