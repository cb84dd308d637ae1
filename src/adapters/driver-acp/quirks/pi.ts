import { list } from '../../../gateway/json.ts';
import { fieldAt, textField, type Quirk, type Seat } from '../quirk.ts';
import type { WireProtocol } from '../../../gateway/gateway.ts';

export const pi: Quirk = {
  name: 'pi',
  title: 'pi',
  experimental: null,
  program: 'pi',
  oldest: '0.73.1',
  install: 'npm install -g @mariozechner/pi-coding-agent',
  protocols: ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini'],
  vendor: null,
  signIn:
    'set the key of the vendor (ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY), or run `pi` and /login',
  logins: ['.pi/agent/auth.json'],
  settings: ['.pi/agent/AGENTS.md', '.pi/agent/prompts', '.pi/agent/skills'],
  sessionFiles: [{ path: '.pi/agent/sessions', ending: '.jsonl' }],
  env: ({ home }) => ({
    PI_CODING_AGENT_DIR: `${home}/.pi/agent`,
    PI_OFFLINE: '1',
    PI_SKIP_VERSION_CHECK: '1',
  }),
  files: (seat) => ({ '.pi/agent/models.json': JSON.stringify(models(seat)) }),
  // pi-acp needs a pi of another name and Node 22; without it there is the command line, which resumes.
  acp: null,
  headless: {
    choosesId: false,
    args: ({ model }, { sessionId, isNew }) => [
      '-p',
      '--mode',
      'json',
      '--provider',
      providerId(model),
      '--model',
      model.name ?? 'default',
      ...(isNew ? [] : ['--session', sessionId]),
    ],
    read(line) {
      const tool = textField(line, 'toolCallId');
      if (textField(line, 'type') === 'tool_execution_start' && tool !== null)
        return [{ kind: 'tool-began', id: tool }];
      if (textField(line, 'type') === 'tool_execution_end' && tool !== null)
        return [{ kind: 'tool-ended', id: tool }];
      if (textField(line, 'type') === 'session') {
        const id = textField(line, 'id');
        return id === null ? [] : [{ kind: 'session', id }];
      }
      if (textField(line, 'type') !== 'message_end' || textField(line, 'message', 'role') !== 'assistant')
        return [];
      const problem = textField(line, 'message', 'errorMessage');
      if (problem !== null) return [{ kind: 'failed', problem }];
      const blocks = list(fieldAt(line, 'message', 'content'));
      const text = blocks.map((block) => textField(block, 'text') ?? '').join('');
      return text === '' ? [] : [{ kind: 'said', text }];
    },
  },
};

const apis: Readonly<Record<WireProtocol, string>> = {
  'openai-chat': 'openai-completions',
  'openai-responses': 'openai-responses',
  'anthropic-messages': 'anthropic-messages',
  gemini: 'google-generative-ai',
};

function providerId({ keyVariable, vendor }: Seat['model']): string {
  return keyVariable === null && vendor !== null ? vendor : 'codeframe';
}

function models({ model, gatewayUrl }: Seat): object {
  const suffix = {
    'openai-chat': '/v1',
    'openai-responses': '/v1',
    'anthropic-messages': '',
    gemini: '/v1beta',
  };
  const baseUrl = `${gatewayUrl}${suffix[model.protocol]}`;
  if (model.keyVariable === null && model.vendor !== null)
    return { providers: { [model.vendor]: { baseUrl } } };
  const own = {
    baseUrl,
    api: apis[model.protocol],
    apiKey: model.keyVariable ?? 'OPENAI_API_KEY',
    models: [{ id: model.name ?? 'default', contextWindow: 200_000, maxTokens: 8000 }],
  };
  return { providers: { codeframe: own } };
}
