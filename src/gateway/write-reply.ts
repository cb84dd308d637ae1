import type { WireProtocol } from './gateway.ts';
import { sse } from './wire.ts';

/** What a recorded model says in one reply: some words, and at most one call of a tool. */
export interface RecordedReply {
  /** Unique within the session; letters, digits and dashes. */
  readonly id: string;
  readonly text: string;
  readonly call: { readonly tool: string; readonly input: object } | null;
}

/** The stream of a reply, as the provider of a protocol would write it. */
export function streamOf(protocol: WireProtocol, reply: RecordedReply): string {
  return writers[protocol].stream(reply).join('');
}

/** The same reply as one answer that is no stream. */
export function answerOf(protocol: WireProtocol, reply: RecordedReply): object {
  return writers[protocol].whole(reply);
}

interface Writer {
  stream(reply: RecordedReply): readonly string[];
  whole(reply: RecordedReply): object;
}

const model = 'recorded';

const anthropic: Writer = {
  stream(reply) {
    const content = anthropicBlocks(reply);
    return [
      { type: 'message_start', message: { ...anthropicMessage(reply, []), stop_reason: null } },
      ...content.flatMap((block, index) => anthropicBlock(block, index)),
      {
        type: 'message_delta',
        delta: { stop_reason: reply.call === null ? 'end_turn' : 'tool_use', stop_sequence: null },
        usage: { output_tokens: 1 },
      },
      { type: 'message_stop' },
    ].map((event) => sse(event, event.type));
  },
  whole: (reply) => anthropicMessage(reply, anthropicBlocks(reply)),
};

function anthropicMessage({ id, call }: RecordedReply, content: readonly object[]): object {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: call === null ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: object };

function anthropicBlocks({ id, text, call }: RecordedReply): readonly Block[] {
  const said = { type: 'text', text } as const;
  return call === null
    ? [said]
    : [said, { type: 'tool_use', id: `toolu_${id}`, name: call.tool, input: call.input }];
}

interface AnthropicEvent {
  readonly type: string;
  readonly index: number;
  readonly content_block?: object;
  readonly delta?: object;
}

function anthropicBlock(block: Block, index: number): readonly AnthropicEvent[] {
  const isText = block.type === 'text';
  const delta = isText
    ? { type: 'text_delta', text: block.text }
    : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  return [
    {
      type: 'content_block_start',
      index,
      content_block: isText ? { ...block, text: '' } : { ...block, input: {} },
    },
    { type: 'content_block_delta', index, delta },
    { type: 'content_block_stop', index },
  ];
}

const chat: Writer = {
  stream({ id, text, call }) {
    const chunk = (choices: readonly object[], more: object = {}): string =>
      sse({ id: `chatcmpl-${id}`, object: 'chat.completion.chunk', created: 1, model, choices, ...more });
    const delta = (piece: object, finish_reason: string | null = null): string =>
      chunk([{ index: 0, delta: piece, finish_reason }]);
    const calls = chatCalls(id, call).map((made, index) => ({ index, ...made }));
    return [
      delta({ role: 'assistant', content: text }),
      ...(calls.length === 0 ? [] : [delta({ tool_calls: calls })]),
      delta({}, call === null ? 'stop' : 'tool_calls'),
      chunk([], { usage: chatUsage }),
      'data: [DONE]\n\n',
    ];
  },
  whole: ({ id, text, call }) => ({
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: 1,
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text,
          ...(call === null ? {} : { tool_calls: chatCalls(id, call) }),
        },
        finish_reason: call === null ? 'stop' : 'tool_calls',
      },
    ],
    usage: chatUsage,
  }),
};

const chatUsage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

function chatCalls(id: string, call: RecordedReply['call']): readonly object[] {
  if (call === null) return [];
  const { tool, input } = call;
  return [{ id: `call_${id}`, type: 'function', function: { name: tool, arguments: JSON.stringify(input) } }];
}

const responses: Writer = {
  stream(reply) {
    const base = { id: `resp_${reply.id}`, object: 'response', created_at: 1, model };
    const events = [
      { type: 'response.created', response: { ...base, status: 'in_progress', output: [] } },
      ...responseItems(reply).flatMap((item, output_index) => [
        { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress' } },
        { type: 'response.output_item.done', output_index, item },
      ]),
      { type: 'response.completed', response: responses.whole(reply) },
    ];
    return events.map((event, index) => sse({ ...event, sequence_number: index }, event.type));
  },
  whole: (reply) => ({
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: 1,
    model,
    status: 'completed',
    output: responseItems(reply),
    usage: {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    },
  }),
};

function responseItems({ id, text, call }: RecordedReply): readonly object[] {
  const said = {
    type: 'message',
    id: `msg_${id}`,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  if (call === null) return [said];
  const { tool: name, input } = call;
  const called = { type: 'function_call', id: `fc_${id}`, call_id: `call_${id}`, name, status: 'completed' };
  return [said, { ...called, arguments: JSON.stringify(input) }];
}

const gemini: Writer = {
  stream: (reply) => [sse(gemini.whole(reply))],
  whole: ({ text, call }) => ({
    candidates: [
      {
        index: 0,
        finishReason: 'STOP',
        content: {
          role: 'model',
          parts: [
            { text },
            ...(call === null ? [] : [{ functionCall: { name: call.tool, args: call.input } }]),
          ],
        },
      },
    ],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    modelVersion: model,
  }),
};

const writers: Readonly<Record<WireProtocol, Writer>> = {
  'anthropic-messages': anthropic,
  'openai-chat': chat,
  'openai-responses': responses,
  gemini,
};
