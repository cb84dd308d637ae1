import type { Quirk } from '../quirk.ts';

export const cline: Quirk = {
  name: 'cline',
  title: 'Cline',
  experimental: 'leaves a background hub running, which codeframe ends; its sessions load over ACP only',
  program: 'cline',
  oldest: '3.0.65',
  install: 'npm install -g cline',
  protocols: ['openai-chat'],
  vendor: null,
  signIn: 'set OPENAI_API_KEY',
  logins: [],
  settings: [],
  sessionFiles: [{ path: '.cline/data/sessions' }],
  env: ({ gatewayUrl, model, key }) => ({
    CLINE_PROVIDER: 'openai-compatible',
    CLINE_MODEL: model.name ?? 'default',
    CLINE_API_KEY: key,
    CLINE_BASE_URL: `${gatewayUrl}/v1`,
  }),
  files: () => ({}),
  acp: { program: 'cline', args: ['--acp'], allowAllMode: null, install: '' },
  headless: null,
};
