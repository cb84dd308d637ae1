import type { AssistantPart, ModelReply, Usage } from '../../agent/model.ts';
import type { ProviderStreamPart } from './provider-model.ts';

/** The provider sent something else than a whole reply. */
export class BrokenReply extends Error {}

type Finish = Extract<ProviderStreamPart, { type: 'finish' }>;

/** Text or reasoning while it comes in. */
interface Piece {
  readonly type: 'text' | 'reasoning';
  text: string;
  meta?: unknown;
}

/** Reads a stream to its end. Throws what the provider reported, or `BrokenReply` when the end never came. */
export async function readReply(
  stream: ReadableStream<ProviderStreamPart>,
  onPart: () => void,
): Promise<Omit<ModelReply, 'costUsd'>> {
  const parts: (Piece | Extract<AssistantPart, { type: 'call' }>)[] = [];
  const open = new Map<string, Piece>();
  let finish: Finish | null = null;
  for await (const part of stream) {
    onPart();
    if (part.type === 'error') throw part.error;
    if (part.type === 'finish') finish = part;
    if (part.type === 'tool-call') parts.push(callOf(part));
    const piece = pieceOf(part, open);
    if (piece) parts.push(piece);
  }
  // The SDK closes a stream that was cut off with a reason of its own, which names none of the provider's.
  if (!finish || (finish.finishReason.unified === 'other' && finish.finishReason.raw === undefined))
    throw new BrokenReply('the reply ended before it was complete');
  return { parts, finish: finishOf(finish, parts), usage: usageOf(finish) };
}

/** Follows the pieces of text and reasoning; answers one that has just begun. */
function pieceOf(part: ProviderStreamPart, open: Map<string, Piece>): Piece | null {
  const spoken = /^(text|reasoning)-(start|delta|end)$/.exec(part.type);
  if (!spoken || !('id' in part)) return null;
  const type = spoken[1] === 'text' ? 'text' : 'reasoning';
  const begun: Piece = { type, text: '' };
  const piece = spoken[2] === 'start' ? begun : open.get(`${type} ${part.id}`);
  if (!piece) return null;
  open.set(`${type} ${part.id}`, piece);
  if ('delta' in part) piece.text += part.delta;
  if ('providerMetadata' in part) keepMeta(piece, part.providerMetadata);
  return piece === begun ? piece : null;
}

/** What comes last holds: a signature is sent after the text that it signs. */
function keepMeta(piece: Piece, meta: unknown): void {
  if (meta !== undefined) piece.meta = meta;
}

type CallPart = Extract<ProviderStreamPart, { type: 'tool-call' }>;

function callOf(part: CallPart): Extract<AssistantPart, { type: 'call' }> {
  const meta = part.providerMetadata === undefined ? {} : { meta: part.providerMetadata };
  return { type: 'call', callId: part.toolCallId, tool: part.toolName, input: inputOf(part.input), ...meta };
}

/** Input that is no JSON is passed on as the text it is: the loop tells the model so. */
function inputOf(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function finishOf(finish: Finish, parts: readonly AssistantPart[]): ModelReply['finish'] {
  if (parts.some((part) => part.type === 'call') && finish.finishReason.unified !== 'length') return 'calls';
  switch (finish.finishReason.unified) {
    case 'stop':
      return 'stop';
    case 'length':
      return 'length';
    case 'content-filter':
      return 'filtered';
    case 'tool-calls':
    case 'error':
    case 'other':
      return 'other';
  }
}

function usageOf({ usage }: Finish): Usage {
  return {
    inputTokens: usage.inputTokens.total ?? 0,
    cacheReadTokens: usage.inputTokens.cacheRead ?? 0,
    cacheWriteTokens: usage.inputTokens.cacheWrite ?? 0,
    outputTokens: usage.outputTokens.total ?? 0,
  };
}
