import type { Quirk } from '../quirk.ts';

export const gemini: Quirk = {
  name: 'gemini',
  title: 'Gemini CLI',
  experimental:
    'forgets the turn that was cut, and says each tool result twice after a resume: let its steps finish (a long --grace)',
  program: 'gemini',
  oldest: '0.61.0',
  install: 'npm install -g @google/gemini-cli',
  protocols: ['gemini'],
  vendor: 'google',
  signIn: 'set GEMINI_API_KEY',
  logins: ['.gemini/oauth_creds.json'],
  settings: ['.gemini/GEMINI.md'],
  sessionFiles: [{ path: '.gemini/tmp', ending: '.jsonl' }, { path: '.gemini/projects.json' }],
  env: ({ gatewayUrl, model }) => ({
    GOOGLE_GEMINI_BASE_URL: gatewayUrl,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
    // Otherwise it starts itself again, and a signal to the first does nothing.
    GEMINI_CLI_NO_RELAUNCH: 'true',
    ...(model.name === null ? {} : { GEMINI_MODEL: model.name }),
  }),
  files: () => ({
    '.gemini/settings.json': JSON.stringify({
      general: { disableAutoUpdate: true },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
    }),
  }),
  acp: { program: 'gemini', args: ['--acp'], allowAllMode: 'yolo', install: '' },
  headless: null,
};
