import type { Quirk, Seat } from '../quirk.ts';
import type { WireProtocol } from '../../../gateway/gateway.ts';

export const opencode: Quirk = {
  name: 'opencode',
  title: 'opencode',
  experimental: null,
  program: 'opencode',
  oldest: '1.18.33',
  install: 'npm install -g opencode-ai',
  protocols: ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini'],
  vendor: null,
  signIn:
    'run `opencode auth login`, or set the key of the vendor (ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY)',
  logins: ['.local/share/opencode/auth.json'],
  settings: ['.config/opencode/AGENTS.md', '.config/opencode/agent', '.config/opencode/command'],
  sessionFiles: [{ path: '.local/share/opencode/opencode.db', sqlite: true }],
  env: (seat) => ({
    ...xdg(seat.home),
    OPENCODE_CONFIG_CONTENT: JSON.stringify(config(seat)),
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  }),
  files: () => ({}),
  // Without --pure it asks npm for a plugin package.
  acp: { program: 'opencode', args: ['acp', '--pure'], allowAllMode: null, install: '' },
  headless: null,
};

/** opencode and its forks keep everything in the XDG directories. */
export function xdg(home: string): Readonly<Record<string, string>> {
  return {
    XDG_DATA_HOME: `${home}/.local/share`,
    XDG_STATE_HOME: `${home}/.local/state`,
    XDG_CACHE_HOME: `${home}/.cache`,
    XDG_CONFIG_HOME: `${home}/.config`,
  };
}

const clients: Readonly<Record<WireProtocol, string>> = {
  'openai-chat': '@ai-sdk/openai-compatible',
  'openai-responses': '@ai-sdk/openai',
  'anthropic-messages': '@ai-sdk/anthropic',
  gemini: '@ai-sdk/google',
};

/** A provider of codeframe's name where the key is in the environment, else the vendor's own with another address. */
export function config(seat: Seat): object {
  const { model, gatewayUrl, allowAll } = seat;
  const base = { autoupdate: false, share: 'disabled', permission: permission(allowAll) };
  const baseURL = `${gatewayUrl}/${model.protocol === 'gemini' ? 'v1beta' : 'v1'}`;
  const name = model.name ?? 'default';
  if (model.keyVariable === null && model.vendor !== null) {
    const id = `${model.vendor}/${name}`;
    return { ...base, model: id, small_model: id, provider: { [model.vendor]: { options: { baseURL } } } };
  }
  const id = `codeframe/${name}`;
  const provider = {
    npm: clients[model.protocol],
    name: 'codeframe',
    options: { baseURL, apiKey: `{env:${model.keyVariable ?? 'OPENAI_API_KEY'}}` },
    models: { [name]: { name, tool_call: true, limit: { context: 200_000, output: 8000 } } },
  };
  return {
    ...base,
    model: id,
    small_model: id,
    enabled_providers: ['codeframe'],
    provider: { codeframe: provider },
  };
}

/** It asks about every command: what the rules say of it is decided in one place, for all agents. */
function permission(allowAll: boolean): object {
  if (allowAll) return { '*': 'allow' };
  return { edit: 'allow', bash: 'ask', external_directory: 'ask' };
}
