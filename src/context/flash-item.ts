import { estimateTokens } from './estimate-tokens.ts';

/**
 * One item of an agent's memory as the policy sees it, oldest first. `text` is always the whole text, also of an item
 * that an earlier save archived in part: every plan is made from the whole. `text` of a call is its input as JSON.
 */
export interface FlashItem {
  readonly id: string;
  /** user, assistant, call, result, meta, summary, instructions, task, message, reasoning, decision … */
  readonly kind: string;
  readonly tool?: string | null | undefined;
  readonly path?: string | null | undefined;
  readonly callId?: string | null | undefined;
  readonly isError?: boolean | undefined;
  /** The agent's turn in which it was made. */
  readonly step: number;
  readonly at?: string | number | undefined;
  readonly input?: unknown;
  readonly text: string;
  /** Of the whole text, with what the provider adds to a message. */
  readonly tokens?: number | undefined;
  /** Of what the prompt shows today, when an earlier save archived parts. Absent: `tokens`. */
  readonly promptTokens?: number | undefined;
  /** Never archived. */
  readonly pinned?: boolean | undefined;
}

/** An item with every doubt removed: a text that is a string, tokens that are a number, a step that never goes back. */
export interface AdmittedItem {
  readonly id: string;
  readonly kind: string;
  readonly tool: string;
  readonly path: string;
  readonly callId: string;
  readonly isError: boolean;
  readonly step: number;
  readonly text: string;
  readonly tokens: number;
  readonly promptTokens: number;
  readonly pinned: boolean;
}

/** Takes any list and loses nothing of it. What is missing or impossible is filled in from what is there. */
export function admitItems(items: readonly FlashItem[]): AdmittedItem[] {
  let step = 0;
  if (!Array.isArray(items)) return [];
  return items.map((given: FlashItem | null | undefined) => {
    const item = given ?? NOTHING;
    step = Math.max(step, wholeOr(item.step, step));
    return admit(item, step);
  });
}

const NOTHING: FlashItem = { id: '', kind: 'message', step: 0, text: '' };

function admit(item: FlashItem, step: number): AdmittedItem {
  const text = typeof item.text === 'string' ? item.text : '';
  const counted = wholeOr(item.tokens, -1);
  const tokens = counted < 0 ? Math.ceil(estimateTokens(text)) : counted;
  return {
    id: String(item.id),
    kind: kindOf(String(item.kind).toLowerCase()),
    tool: String(item.tool ?? '').toLowerCase(),
    path: String(item.path ?? ''),
    callId: String(item.callId ?? ''),
    isError: item.isError === true,
    step,
    text,
    tokens,
    promptTokens: wholeOr(item.promptTokens, tokens),
    pinned: item.pinned === true,
  };
}

/** What other agents call the kinds that the policy treats apart: a call that it did not know would not stay JSON. */
const KINDS = new Map([
  ...['tool_call', 'tool_use', 'tool-call', 'function_call', 'toolcall'].map(
    (kind) => [kind, 'call'] as const,
  ),
  ...[
    'tool_result',
    'tool-result',
    'tool_response',
    'function_call_output',
    'function_response',
    'tool',
    'toolresult',
  ].map((kind) => [kind, 'result'] as const),
  ...['developer', 'reminder'].map((kind) => [kind, 'meta'] as const),
  ['human', 'user'] as const,
]);

function kindOf(kind: string): string {
  return KINDS.get(kind) ?? kind;
}

function wholeOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise;
}
