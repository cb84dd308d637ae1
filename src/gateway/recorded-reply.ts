import type { Usage } from '../agent/model.ts';
import type { WireProtocol } from './gateway.ts';
import { sse } from './wire.ts';

/** What a recorded model says in one turn, with the ids of its calls. */
export interface RecordedReply {
  readonly model: string;
  /** Tells replies apart; the same turn of the same recording has the same. */
  readonly id: string;
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly tool: string; readonly input: object }[];
  readonly usage: Usage;
}

/** A reply in a protocol, as the events of a stream. */
export function replyEvents(protocol: WireProtocol, reply: RecordedReply): readonly string[] {
  switch (protocol) {
    case 'anthropic-messages':
      return anthropicEvents(reply);
    case 'openai-chat':
      return chatEvents(reply);
    case 'openai-responses':
      return responsesEvents(reply);
    case 'gemini':
      return [sse(geminiBody(reply))];
  }
}

/** A reply in a protocol, as one body. */
export function replyBody(protocol: WireProtocol, reply: RecordedReply): object {
  switch (protocol) {
    case 'anthropic-messages':
      return { ...anthropicMessage(reply), content: blocksOf(reply), stop_reason: stopOf(reply) };
    case 'openai-chat':
      return chatBody(reply);
    case 'openai-responses':
      return responsesBody(reply);
    case 'gemini':
      return geminiBody(reply);
  }
}

function anthropicMessage({ id, model, usage }: RecordedReply): object {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens,
      cache_read_input_tokens: usage.cacheReadTokens,
      cache_creation_input_tokens: usage.cacheWriteTokens,
      output_tokens: usage.outputTokens,
    },
  };
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: object };

function blocksOf({ text, calls }: RecordedReply): readonly Block[] {
  return [
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
    ...calls.map(({ id, tool, input }) => ({ type: 'tool_use', id, name: tool, input }) as const),
  ];
}

function stopOf({ calls }: RecordedReply): string {
  return calls.length > 0 ? 'tool_use' : 'end_turn';
}

function anthropicEvents(reply: RecordedReply): readonly string[] {
  const named = (event: NamedEvent): string => sse(event, event.type);
  const usage = { output_tokens: reply.usage.outputTokens };
  return [
    named({ type: 'message_start', message: anthropicMessage(reply) }),
    ...blocksOf(reply).flatMap((block, index) => [
      named({
        type: 'content_block_start',
        index,
        content_block: block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} },
      }),
      named({
        type: 'content_block_delta',
        index,
        delta:
          block.type === 'text'
            ? { type: 'text_delta', text: block.text }
            : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
      }),
      named({ type: 'content_block_stop', index }),
    ]),
    named({ type: 'message_delta', delta: { stop_reason: stopOf(reply), stop_sequence: null }, usage }),
    named({ type: 'message_stop' }),
  ];
}

function chatUsage({ usage }: RecordedReply): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens },
  };
}

function chatCalls({ calls }: RecordedReply): readonly object[] {
  return calls.map(({ id, tool, input }, index) => ({
    index,
    id,
    type: 'function',
    function: { name: tool, arguments: JSON.stringify(input) },
  }));
}

function chatBody(reply: RecordedReply): object {
  const tool_calls = chatCalls(reply);
  const message = {
    role: 'assistant',
    content: reply.text,
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
  };
  return {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion',
    created: 0,
    model: reply.model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: chatUsage(reply),
  };
}

function finishOf({ calls }: RecordedReply): string {
  return calls.length > 0 ? 'tool_calls' : 'stop';
}

function chatEvents(reply: RecordedReply): readonly string[] {
  const head = {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion.chunk',
    created: 0,
    model: reply.model,
  };
  const chunk = (delta: object, finish_reason: string | null = null): string =>
    sse({ ...head, choices: [{ index: 0, delta, finish_reason }] });
  const tool_calls = chatCalls(reply);
  return [
    chunk({ role: 'assistant', content: '' }),
    ...(reply.text === '' ? [] : [chunk({ content: reply.text })]),
    ...(tool_calls.length === 0 ? [] : [chunk({ tool_calls })]),
    chunk({}, finishOf(reply)),
    sse({ ...head, choices: [], usage: chatUsage(reply) }),
    'data: [DONE]\n\n',
  ];
}

function responsesItems({ id, text, calls }: RecordedReply): readonly object[] {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return [
    ...(text === ''
      ? []
      : [{ type: 'message', id: `msg_${id}`, role: 'assistant', status: 'completed', content }]),
    ...calls.map(({ id: call_id, tool, input }) => ({
      type: 'function_call',
      id: `fc_${call_id}`,
      call_id,
      name: tool,
      arguments: JSON.stringify(input),
      status: 'completed',
    })),
  ];
}

function responsesBody(reply: RecordedReply): object {
  const { usage } = reply;
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: 0,
    model: reply.model,
    status: 'completed',
    output: responsesItems(reply),
    usage: {
      input_tokens: usage.inputTokens,
      input_tokens_details: { cached_tokens: usage.cacheReadTokens },
      output_tokens: usage.outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.inputTokens + usage.outputTokens,
    },
  };
}

function responsesEvents(reply: RecordedReply): readonly string[] {
  const response = responsesBody(reply);
  const begun = { ...response, status: 'in_progress', output: [], usage: null };
  const events = [
    { type: 'response.created', response: begun },
    ...responsesItems(reply).flatMap((item, output_index) => [
      { type: 'response.output_item.added', output_index, item: emptied(item) },
      ...deltasOf(item, output_index),
      { type: 'response.output_item.done', output_index, item },
    ]),
    { type: 'response.completed', response },
  ];
  return events.map((event, sequence_number) => sse({ ...event, sequence_number }, event.type));
}

function emptied(item: object): object {
  return 'arguments' in item
    ? { ...item, arguments: '', status: 'in_progress' }
    : { ...item, content: [], status: 'in_progress' };
}

function deltasOf(item: object, output_index: number): readonly NamedEvent[] {
  const {
    id: item_id,
    arguments: args,
    content,
  } = item as {
    readonly id: string;
    readonly arguments?: string;
    readonly content?: readonly { readonly text: string }[];
  };
  if (args !== undefined)
    return [
      { type: 'response.function_call_arguments.delta', item_id, output_index, delta: args },
      { type: 'response.function_call_arguments.done', item_id, output_index, arguments: args },
    ];
  const text = content?.[0]?.text ?? '';
  const place = { item_id, output_index, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [] };
  return [
    { type: 'response.content_part.added', ...place, part },
    { type: 'response.output_text.delta', ...place, delta: text },
    { type: 'response.output_text.done', ...place, text },
    { type: 'response.content_part.done', ...place, part: { ...part, text } },
  ];
}

function geminiBody({ text, calls, usage, model, id }: RecordedReply): object {
  const parts = [
    ...(text === '' ? [] : [{ text }]),
    ...calls.map(({ id: callId, tool, input }) => ({
      functionCall: { id: callId, name: tool, args: input },
    })),
  ];
  return {
    candidates: [
      {
        content: { role: 'model', parts: parts.length === 0 ? [{ text: '' }] : parts },
        finishReason: 'STOP',
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: usage.inputTokens,
      cachedContentTokenCount: usage.cacheReadTokens,
      candidatesTokenCount: usage.outputTokens,
      totalTokenCount: usage.inputTokens + usage.outputTokens,
    },
    modelVersion: model,
    responseId: id,
  };
}

interface NamedEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}
