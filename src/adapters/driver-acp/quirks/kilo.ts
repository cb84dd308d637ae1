import type { Quirk } from '../quirk.ts';
import { config, xdg } from './opencode.ts';

/** A fork of opencode. */
export const kilo: Quirk = {
  name: 'kilo',
  title: 'Kilo Code',
  experimental:
    'heavy: 11 s and 1 GB for a small task; after a SIGKILL its tools are found by their marker alone',
  program: 'kilo',
  oldest: '7.7.7',
  install: 'npm install -g @kilocode/cli@7.7.7',
  protocols: ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini'],
  vendor: null,
  signIn: 'set the key of the vendor (ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY)',
  logins: ['.local/share/kilo/auth.json'],
  settings: [],
  sessionFiles: [{ path: '.local/share/kilo/kilo.db', sqlite: true }],
  env: (seat) => ({
    ...xdg(seat.home),
    KILO_CONFIG_CONTENT: JSON.stringify(config(seat)),
    KILO_DISABLE_AUTOUPDATE: '1',
    KILO_DISABLE_MODELS_FETCH: '1',
    KILO_DISABLE_LSP_DOWNLOAD: '1',
    KILO_DISABLE_DEFAULT_PLUGINS: '1',
  }),
  files: () => ({}),
  acp: { program: 'kilo', args: ['acp'], allowAllMode: null, install: '' },
  headless: null,
};
