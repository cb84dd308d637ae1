import type { Json, ScriptTurn, Wire } from './wire.ts';
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

/** OpenAI's Responses, without anything kept on the server's side. */
export const openaiResponsesWire: Wire = {
  name: 'openai',
  path: /^\/v1\/responses$/,
  base: '/v1',
  key: (headers) => headers['authorization'],
  read(body) {
    if (field(body, 'stream') !== true) throw new BadRequest('not a stream');
    if (field(body, 'store') !== false)
      throw new BadRequest('store is not false: the history would live on the server');
    const tools = list(field(body, 'tools') ?? [], 'tools');
    if (tools.some((tool) => field(tool, 'strict') !== false)) throw new BadRequest('a strict tool');
    const history = new History();
    const input = list(field(body, 'input'), 'input');
    input.forEach((item, index) => readItem(history, item, input[index + 1]));
    return history.messages;
  },
  write(turn, number) {
    const usage = turn.usage ?? someUsage;
    const base = { id: `resp_${number}`, object: 'response', created_at: 1, model: 'scripted' };
    const incomplete_details = turn.length === true ? { reason: 'max_output_tokens' } : null;
    const end = turn.length === true ? 'response.incomplete' : 'response.completed';
    const events = [
      { type: 'response.created', response: { ...base, status: 'in_progress', output: [] } },
      ...itemsOf(turn, number).flatMap((item, index) => item(index)),
      {
        type: end,
        response: {
          ...base,
          status: 'completed',
          incomplete_details,
          output: [],
          usage: {
            input_tokens: usage.inputTokens,
            input_tokens_details: { cached_tokens: usage.cacheReadTokens },
            output_tokens: usage.outputTokens,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: usage.inputTokens + usage.outputTokens,
          },
        },
      },
    ];
    return events.map((event, index) => sse({ ...event, sequence_number: index }, event.type));
  },
  error: (status, message) => ({ error: { message, type: 'error', param: null, code: String(status) } }),
};

function readItem(history: History, item: Json, next: Json): void {
  const type = word(item, 'type') || 'message';
  if (type === 'message') readMessage(history, item);
  else if (type === 'function_call') {
    history.assistant({
      type: 'call',
      callId: text(field(item, 'call_id'), 'call_id'),
      tool: text(field(item, 'name'), 'name'),
      input: json(text(field(item, 'arguments'), 'arguments'), 'arguments'),
    });
  } else if (type === 'function_call_output') {
    const callId = text(field(item, 'call_id'), 'call_id');
    history.result({ callId, tool: '', text: text(field(item, 'output'), 'output'), isError: false });
  } else if (type === 'reasoning') readReasoning(history, item, next);
  else throw new BadRequest(`an item of type ${type}`);
}

function readMessage(history: History, item: Json): void {
  const role = word(item, 'role');
  const content = field(item, 'content');
  const said =
    typeof content === 'string'
      ? content
      : list(content, 'content')
          .map((piece) => text(field(piece, 'text'), 'text'))
          .join('');
  if (role === 'assistant') history.assistant({ type: 'text', text: said });
  else if (role === 'user') history.user(said);
  else if (role !== 'system' && role !== 'developer') throw new BadRequest(`the role ${role}`);
}

/** Reasoning that is given back must be whole, and what it led to must follow. */
function readReasoning(history: History, item: Json, next: Json): void {
  const summary = list(field(item, 'summary'), 'summary').map((piece) => text(field(piece, 'text'), 'text'));
  const said = summary.join('');
  if (field(item, 'encrypted_content') !== sealed(said))
    throw new BadRequest('encrypted_content of reasoning');
  const leadsTo = field(next, 'type') === 'function_call' || field(next, 'role') === 'assistant';
  if (!leadsTo) throw new BadRequest('reasoning without the item that it led to');
  history.assistant({ type: 'reasoning', text: said });
}

function sealed(said: string): string {
  return `sealed:${said.length}:${said}`;
}

type Events = (output_index: number) => readonly ({ readonly type: string } & object)[];

function itemsOf(turn: ScriptTurn, number: number): readonly Events[] {
  return [
    ...(turn.reasoning === undefined ? [] : [reasoningEvents(turn.reasoning, number)]),
    ...(turn.text === undefined ? [] : [textEvents(turn.text, number)]),
    ...callsOf(turn, (n) => `call_${number}_${n}`).map((call): Events => {
      const item = { type: 'function_call', id: `fc_${call.id}`, call_id: call.id, name: call.tool };
      return (output_index) => [
        { type: 'response.output_item.added', output_index, item: { ...item, arguments: '' } },
        ...halves(call.json).map((delta) => ({
          type: 'response.function_call_arguments.delta',
          item_id: item.id,
          output_index,
          delta,
        })),
        {
          type: 'response.function_call_arguments.done',
          item_id: item.id,
          output_index,
          arguments: call.json,
        },
        {
          type: 'response.output_item.done',
          output_index,
          item: { ...item, arguments: call.json, status: 'completed' },
        },
      ];
    }),
  ];
}

function textEvents(said: string, number: number): Events {
  const id = `msg_${number}`;
  return (output_index) => [
    {
      type: 'response.output_item.added',
      output_index,
      item: { type: 'message', id, role: 'assistant', status: 'in_progress', content: [] },
    },
    ...halves(said).map((delta) => ({
      type: 'response.output_text.delta',
      item_id: id,
      output_index,
      content_index: 0,
      delta,
    })),
    {
      type: 'response.output_item.done',
      output_index,
      item: {
        type: 'message',
        id,
        role: 'assistant',
        content: [{ type: 'output_text', text: said, annotations: [] }],
      },
    },
  ];
}

function reasoningEvents(said: string, number: number): Events {
  const id = `rs_${number}`;
  return (output_index) => [
    {
      type: 'response.output_item.added',
      output_index,
      item: { type: 'reasoning', id, encrypted_content: '', summary: [] },
    },
    { type: 'response.reasoning_summary_part.added', item_id: id, output_index, summary_index: 0 },
    ...halves(said).map((delta) => ({
      type: 'response.reasoning_summary_text.delta',
      item_id: id,
      output_index,
      summary_index: 0,
      delta,
    })),
    { type: 'response.reasoning_summary_part.done', item_id: id, output_index, summary_index: 0 },
    {
      type: 'response.output_item.done',
      output_index,
      item: {
        type: 'reasoning',
        id,
        encrypted_content: sealed(said),
        summary: [{ type: 'summary_text', text: said }],
      },
    },
  ];
}
