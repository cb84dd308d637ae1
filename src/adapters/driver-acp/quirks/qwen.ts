import type { Quirk } from '../quirk.ts';

export const qwen: Quirk = {
  name: 'qwen',
  title: 'Qwen Code',
  experimental: null,
  program: 'qwen',
  oldest: '0.24.4',
  install: 'npm install -g @qwen-code/qwen-code',
  protocols: ['openai-chat'],
  vendor: null,
  signIn: 'set OPENAI_API_KEY',
  logins: [],
  settings: ['.qwen/QWEN.md'],
  sessionFiles: [{ path: '.qwen/projects', ending: '.jsonl' }],
  env: ({ gatewayUrl, model }) => ({
    OPENAI_BASE_URL: `${gatewayUrl}/v1`,
    ...(model.name === null ? {} : { OPENAI_MODEL: model.name }),
  }),
  files: ({ allowAll }) => ({
    '.qwen/settings.json': JSON.stringify({
      general: { disableAutoUpdate: true, disableUpdateNag: true, enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      security: { auth: { selectedType: 'openai' }, folderTrust: { enabled: false } },
      tools: { approvalMode: allowAll ? 'yolo' : 'auto-edit' },
    }),
  }),
  acp: { program: 'qwen', args: ['--acp', '--auth-type', 'openai'], allowAllMode: 'yolo', install: '' },
  headless: null,
};
