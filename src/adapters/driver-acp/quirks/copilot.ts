import type { Quirk } from '../quirk.ts';

export const copilot: Quirk = {
  name: 'copilot',
  title: 'Copilot CLI',
  experimental: null,
  program: 'copilot',
  oldest: '1.0.102',
  install: 'npm install -g @github/copilot',
  protocols: ['openai-chat'],
  vendor: null,
  signIn: 'set OPENAI_API_KEY: its own models cannot be sent through the gateway',
  logins: [],
  settings: [],
  sessionFiles: [{ path: '.copilot/session-state' }],
  env: ({ home, gatewayUrl, model, key }) => ({
    COPILOT_HOME: `${home}/.copilot`,
    COPILOT_OFFLINE: 'true',
    COPILOT_AUTO_UPDATE: 'false',
    COPILOT_PROVIDER_BASE_URL: `${gatewayUrl}/v1`,
    COPILOT_PROVIDER_API_KEY: key,
    COPILOT_MODEL: model.name ?? 'default',
    COPILOT_PROVIDER_MAX_PROMPT_TOKENS: '190000',
    COPILOT_PROVIDER_MAX_OUTPUT_TOKENS: '8000',
  }),
  files: () => ({}),
  acp: {
    program: 'copilot',
    args: ['--acp', '--disable-builtin-mcps'],
    allowAllMode: null,
    // Otherwise it asks before each command, and a pause finds it there.
    allowAllArgs: ['--allow-all-tools', '--allow-all-paths'],
    install: '',
  },
  headless: null,
};
