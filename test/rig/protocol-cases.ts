import type { Message } from '../../src/agent/model.ts';
import type { WireProtocol } from '../../src/gateway/gateway.ts';

/** How a client of a protocol writes a history. */
export interface ProtocolCase {
  readonly protocol: WireProtocol;
  readonly wireName: string;
  readonly request: (history: readonly Message[], streamed?: boolean) => ClientRequest;
}

export interface ClientRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const tools = [{ name: 'read_file', description: 'Reads a file.', schema: { type: 'object' } }];

export const protocolCases: readonly ProtocolCase[] = [
  {
    protocol: 'anthropic-messages',
    wireName: 'anthropic',
    request: (history, stream = true) =>
      post(
        '/v1/messages?beta=true',
        { 'anthropic-version': '2023-06-01', 'x-api-key': 'dummy' },
        {
          model: 'scripted',
          max_tokens: 100,
          stream,
          system: 'You are a tester.',
          tools: tools.map(({ schema, ...tool }) => ({ ...tool, input_schema: schema })),
          messages: history.map(anthropicMessage),
        },
      ),
  },
  {
    protocol: 'openai-chat',
    wireName: 'openai-compatible',
    request: (history, stream = true) =>
      post(
        '/v1/chat/completions',
        { authorization: 'Bearer dummy' },
        {
          model: 'scripted',
          stream,
          ...(stream ? { stream_options: { include_usage: true } } : {}),
          messages: [{ role: 'system', content: 'You are a tester.' }, ...history.flatMap(chatMessages)],
          tools: tools.map(({ schema, ...tool }) => ({
            type: 'function',
            function: { ...tool, parameters: schema },
          })),
        },
      ),
  },
  {
    protocol: 'openai-responses',
    wireName: 'openai',
    request: (history, stream = true) =>
      post(
        '/v1/responses',
        { authorization: 'Bearer dummy' },
        {
          model: 'scripted',
          store: false,
          stream,
          instructions: 'You are a tester.',
          input: history.flatMap(responsesItems),
          tools: tools.map(({ schema, ...tool }) => ({
            type: 'function',
            strict: false,
            ...tool,
            parameters: schema,
          })),
        },
      ),
  },
  {
    protocol: 'gemini',
    wireName: 'google',
    request: (history, stream = true) =>
      post(
        `/v1beta/models/scripted:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
        { 'x-goog-api-key': 'dummy' },
        {
          systemInstruction: { parts: [{ text: 'You are a tester.' }] },
          contents: history.map(geminiContent),
          tools: [
            { functionDeclarations: tools.map(({ schema, ...tool }) => ({ ...tool, parameters: schema })) },
          ],
        },
      ),
  },
];

function post(path: string, headers: Readonly<Record<string, string>>, body: object): ClientRequest {
  return { path, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function anthropicMessage(message: Message): object {
  if (message.role === 'user') return { role: 'user', content: [{ type: 'text', text: message.text }] };
  if (message.role === 'assistant')
    return {
      role: 'assistant',
      content: message.parts.map((part) =>
        part.type === 'call'
          ? { type: 'tool_use', id: part.callId, name: part.tool, input: part.input }
          : { type: 'text', text: part.text },
      ),
    };
  return {
    role: 'user',
    content: message.results.map(({ callId, text }) => ({
      type: 'tool_result',
      tool_use_id: callId,
      content: text,
    })),
  };
}

function chatMessages(message: Message): readonly object[] {
  if (message.role === 'user') return [{ role: 'user', content: message.text }];
  if (message.role === 'tool')
    return message.results.map(({ callId, text }) => ({ role: 'tool', tool_call_id: callId, content: text }));
  const said = message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
  const calls = message.parts.flatMap((part) =>
    part.type === 'call'
      ? [
          {
            id: part.callId,
            type: 'function',
            function: { name: part.tool, arguments: JSON.stringify(part.input) },
          },
        ]
      : [],
  );
  return [{ role: 'assistant', content: said, ...(calls.length === 0 ? {} : { tool_calls: calls }) }];
}

function responsesItems(message: Message): readonly object[] {
  if (message.role === 'user')
    return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: message.text }] }];
  if (message.role === 'tool')
    return message.results.map(({ callId, text }) => ({
      type: 'function_call_output',
      call_id: callId,
      output: text,
    }));
  return message.parts.map((part) =>
    part.type === 'call'
      ? {
          type: 'function_call',
          call_id: part.callId,
          name: part.tool,
          arguments: JSON.stringify(part.input),
        }
      : { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: part.text }] },
  );
}

function geminiContent(message: Message): object {
  if (message.role === 'user') return { role: 'user', parts: [{ text: message.text }] };
  if (message.role === 'tool')
    return {
      role: 'user',
      parts: message.results.map(({ tool, text }) => ({
        functionResponse: { name: tool, response: { content: text } },
      })),
    };
  return {
    role: 'model',
    parts: message.parts.map((part, index) =>
      part.type === 'call'
        ? {
            functionCall: { name: part.tool, args: part.input },
            ...(index === 0 || message.parts[index - 1]?.type !== 'call'
              ? { thoughtSignature: Buffer.from(`signed ${part.tool}`).toString('base64') }
              : {}),
          }
        : { text: part.text },
    ),
  };
}
