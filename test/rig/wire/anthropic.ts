import type { AssistantPart, CallResult } from '../../../src/agent/model.ts';
import type { Json, ScriptTurn, Wire } from './wire.ts';
import { BadRequest, callsOf, field, halves, History, list, someUsage, sse, text, word } from './wire.ts';

/** Anthropic's Messages. */
export const anthropicWire: Wire = {
  name: 'anthropic',
  path: /^\/v1\/messages$/,
  base: '/v1',
  key: (headers) => headers['x-api-key'],
  read(body) {
    if (field(body, 'stream') !== true) throw new BadRequest('not a stream');
    if (typeof field(body, 'max_tokens') !== 'number') throw new BadRequest('max_tokens is missing');
    const history = new History();
    for (const message of list(field(body, 'messages'), 'messages')) readMessage(history, message);
    return history.messages;
  },
  write(turn, number) {
    const usage = turn.usage ?? someUsage;
    const calls = callsOf(turn, (n) => `toolu_${number}_${n}`);
    const input = usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens;
    const message = {
      id: `msg_${number}`,
      type: 'message',
      role: 'assistant',
      model: 'scripted',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: input,
        cache_read_input_tokens: usage.cacheReadTokens,
        cache_creation_input_tokens: usage.cacheWriteTokens,
        output_tokens: 1,
      },
    };
    const stop = turn.length === true ? 'max_tokens' : calls.length > 0 ? 'tool_use' : 'end_turn';
    return [
      named({ type: 'message_start', message }),
      named({ type: 'ping' }),
      ...blocksOf(turn, number).flatMap((block, index) => blockEvents(block, index)),
      named({
        type: 'message_delta',
        delta: { stop_reason: stop, stop_sequence: null },
        usage: { output_tokens: usage.outputTokens },
      }),
      named({ type: 'message_stop' }),
    ];
  },
  error: (status, message) => ({
    type: 'error',
    error: { type: status === 529 ? 'overloaded_error' : 'api_error', message },
  }),
};

function readMessage(history: History, message: Json): void {
  const role = word(message, 'role');
  const content = field(message, 'content');
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : list(content, 'content');
  if (blocks.length === 0) throw new BadRequest('empty content');
  if (role === 'assistant') for (const block of blocks) history.assistant(partOf(block));
  else if (role === 'user') readUser(history, blocks);
  else throw new BadRequest(`the role ${role}`);
}

/** The provider takes results and text in one user message, results first. */
function readUser(history: History, blocks: readonly Json[]): void {
  const texts: string[] = [];
  for (const block of blocks) {
    if (field(block, 'type') === 'text') texts.push(text(field(block, 'text'), 'text'));
    else if (texts.length > 0) throw new BadRequest('a tool_result after text');
    else history.result(resultOf(block));
  }
  if (texts.length > 0) history.user(texts.join('\n'));
}

function partOf(block: Json): AssistantPart {
  switch (word(block, 'type')) {
    case 'text':
      return { type: 'text', text: text(field(block, 'text'), 'text') };
    case 'thinking': {
      const thinking = text(field(block, 'thinking'), 'thinking');
      if (field(block, 'signature') !== signatureOf(thinking))
        throw new BadRequest('the signature of thinking');
      return { type: 'reasoning', text: thinking };
    }
    case 'tool_use':
      return {
        type: 'call',
        callId: text(field(block, 'id'), 'id'),
        tool: text(field(block, 'name'), 'name'),
        input: field(block, 'input'),
      };
    default:
      throw new BadRequest(`a block of type ${word(block, 'type')}`);
  }
}

function resultOf(block: Json): CallResult {
  if (field(block, 'type') !== 'tool_result') throw new BadRequest('neither text nor tool_result');
  const content = field(block, 'content');
  const said =
    typeof content === 'string'
      ? content
      : list(content, 'content')
          .map((piece) => text(field(piece, 'text'), 'text'))
          .join('');
  const isError = field(block, 'is_error') === true;
  return { callId: text(field(block, 'tool_use_id'), 'tool_use_id'), tool: '', text: said, isError };
}

function signatureOf(thinking: string): string {
  return `signed:${thinking.length}:${thinking}`;
}

interface Block {
  readonly start: object;
  readonly deltas: readonly object[];
}

function blocksOf(turn: ScriptTurn, number: number): readonly Block[] {
  const thinking = turn.reasoning;
  return [
    ...(thinking === undefined
      ? []
      : [
          {
            start: { type: 'thinking', thinking: '', signature: '' },
            deltas: [
              ...halves(thinking).map((half) => ({ type: 'thinking_delta', thinking: half })),
              { type: 'signature_delta', signature: signatureOf(thinking) },
            ],
          },
        ]),
    ...(turn.text === undefined
      ? []
      : [
          {
            start: { type: 'text', text: '' },
            deltas: halves(turn.text).map((half) => ({ type: 'text_delta', text: half })),
          },
        ]),
    ...callsOf(turn, (n) => `toolu_${number}_${n}`).map((call) => ({
      start: { type: 'tool_use', id: call.id, name: call.tool, input: {} },
      deltas: halves(call.json).map((half) => ({ type: 'input_json_delta', partial_json: half })),
    })),
  ];
}

function blockEvents(block: Block, index: number): readonly string[] {
  return [
    named({ type: 'content_block_start', index, content_block: block.start }),
    ...block.deltas.map((delta) => named({ type: 'content_block_delta', index, delta })),
    named({ type: 'content_block_stop', index }),
  ];
}

function named(data: { readonly type: string; readonly [key: string]: unknown }): string {
  return sse(data, data.type);
}
