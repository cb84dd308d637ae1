import type { Json, Wire } from './wire.ts';
import {
  BadRequest,
  callsOf,
  field,
  halves,
  History,
  json,
  list,
  someUsage,
  sse,
  text,
  word,
} from './wire.ts';

/** OpenAI's Chat Completions, which vLLM, Ollama and many others speak too. */
export const openaiChatWire: Wire = {
  name: 'openai-compatible',
  path: /^\/v1\/chat\/completions$/,
  base: '/v1',
  key: (headers) => headers['authorization'],
  read(body) {
    if (field(body, 'stream') !== true) throw new BadRequest('not a stream');
    const history = new History();
    const messages = list(field(body, 'messages'), 'messages');
    messages.forEach((message, index) => {
      if (field(message, 'role') === 'system' && index === 0) return;
      readMessage(history, message);
    });
    return history.messages;
  },
  write(turn, number) {
    const usage = turn.usage ?? someUsage;
    const calls = callsOf(turn, (n) => `call_${number}_${n}`);
    const finish = turn.length === true ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop';
    const chunk = (choices: readonly object[], more: object = {}): string =>
      sse({
        id: `c${number}`,
        object: 'chat.completion.chunk',
        created: 1,
        model: 'scripted',
        choices,
        ...more,
      });
    const delta = (piece: object): string => chunk([{ index: 0, delta: piece, finish_reason: null }]);
    return [
      delta({ role: 'assistant' }),
      ...(turn.reasoning === undefined
        ? []
        : halves(turn.reasoning).map((half) => delta({ reasoning_content: half }))),
      ...(turn.text === undefined ? [] : halves(turn.text).map((half) => delta({ content: half }))),
      ...calls.flatMap((call, index) => {
        const [first, second] = halves(call.json);
        const start = {
          index,
          id: call.id,
          type: 'function',
          function: { name: call.tool, arguments: first },
        };
        return [
          delta({ tool_calls: [start] }),
          delta({ tool_calls: [{ index, function: { arguments: second } }] }),
        ];
      }),
      chunk([{ index: 0, delta: {}, finish_reason: finish }]),
      chunk([], {
        usage: {
          prompt_tokens: usage.inputTokens,
          completion_tokens: usage.outputTokens,
          total_tokens: usage.inputTokens + usage.outputTokens,
          prompt_tokens_details: { cached_tokens: usage.cacheReadTokens },
        },
      }),
      'data: [DONE]\n\n',
    ];
  },
  error: (status, message) => ({ error: { message, type: 'error', param: null, code: status } }),
};

function readMessage(history: History, message: Json): void {
  switch (word(message, 'role')) {
    case 'user':
      history.user(contentOf(message));
      return;
    case 'assistant':
      readAssistant(history, message);
      return;
    case 'tool':
      history.result({
        callId: text(field(message, 'tool_call_id'), 'tool_call_id'),
        tool: '',
        text: contentOf(message),
        isError: false,
      });
      return;
    default:
      throw new BadRequest(`the role ${word(message, 'role')}`);
  }
}

function contentOf(message: Json): string {
  const content = field(message, 'content');
  if (typeof content === 'string') return content;
  return list(content, 'content')
    .map((piece) => text(field(piece, 'text'), 'text'))
    .join('');
}

function readAssistant(history: History, message: Json): void {
  const content = field(message, 'content');
  if (typeof content === 'string' && content !== '') history.assistant({ type: 'text', text: content });
  for (const call of list(field(message, 'tool_calls') ?? [], 'tool_calls')) {
    const args = text(field(field(call, 'function'), 'arguments'), 'arguments');
    history.assistant({
      type: 'call',
      callId: text(field(call, 'id'), 'id'),
      tool: text(field(field(call, 'function'), 'name'), 'name'),
      input: json(args, 'arguments'),
    });
  }
}
