import type { AssistantPart, CallResult, Message, ModelRequest } from '../../agent/model.ts';
import type { ProviderCall, ProviderOptions, ProviderPrompt } from './provider-model.ts';

type PromptMessage = ProviderPrompt[number];

/** Anthropic caches what stands before such a mark; other providers cache by themselves and ignore it. */
const cacheMark: ProviderOptions = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/** The request as the AI SDK's providers take it: marked for the cache after the instructions and after the last message. */
export function promptOf(request: ModelRequest): ProviderPrompt {
  const messages = request.messages.map(messageOf);
  const last = messages.at(-1);
  if (last) messages[messages.length - 1] = { ...last, providerOptions: cacheMark };
  return [{ role: 'system', content: request.instructions, providerOptions: cacheMark }, ...messages];
}

/** OpenAI's Responses would take every optional field for a required one unless told not to be strict. */
export function toolsOf(request: ModelRequest, provider: string): NonNullable<ProviderCall['tools']> {
  const strictness = provider === 'openai.responses' ? { strict: false } : {};
  return request.tools.map((tool) => ({
    type: 'function',
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...strictness,
  }));
}

function messageOf(message: Message): PromptMessage {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.text }] };
    case 'assistant':
      return { role: 'assistant', content: message.parts.map(partOf) };
    case 'tool':
      return { role: 'tool', content: message.results.map(resultOf) };
  }
}

type AssistantContent = Extract<PromptMessage, { role: 'assistant' }>['content'][number];

function partOf(part: AssistantPart): AssistantContent {
  // What a provider gave with a part is stored as it came, and is for that provider alone.
  const given = part.meta === undefined ? {} : { providerOptions: part.meta as ProviderOptions };
  if (part.type !== 'call') return { type: part.type, text: part.text, ...given };
  return { type: 'tool-call', toolCallId: part.callId, toolName: part.tool, input: part.input, ...given };
}

type ToolContent = Extract<PromptMessage, { role: 'tool' }>['content'][number];

function resultOf(result: CallResult): ToolContent {
  return {
    type: 'tool-result',
    toolCallId: result.callId,
    toolName: result.tool,
    output: { type: result.isError ? 'error-text' : 'text', value: result.text },
  };
}
