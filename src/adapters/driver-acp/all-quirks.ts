import type { ExternalDriver } from '../../agent/agent.ts';
import type { Quirk } from './quirk.ts';
import { claude } from './quirks/claude.ts';
import { cline } from './quirks/cline.ts';
import { codex } from './quirks/codex.ts';
import { copilot } from './quirks/copilot.ts';
import { gemini } from './quirks/gemini.ts';
import { kilo } from './quirks/kilo.ts';
import { opencode } from './quirks/opencode.ts';
import { pi } from './quirks/pi.ts';
import { qwen } from './quirks/qwen.ts';

/** The agents that codeframe knows, in the order in which they are shown. */
export const quirks: readonly Quirk[] = Object.values({
  claude,
  codex,
  opencode,
  qwen,
  copilot,
  pi,
  cline,
  kilo,
  gemini,
} satisfies Readonly<Record<Exclude<ExternalDriver, 'acp'>, Quirk>>);

/** Any other that speaks the Agent Client Protocol: `--driver acp -- CMD`. */
export const otherAcp: Quirk = {
  name: 'acp',
  title: 'an agent of your own',
  experimental:
    'where its session is, is not known: no checkpoint has it, and its calls go past the gateway unless told',
  program: '',
  oldest: '0.0.0',
  install: '',
  protocols: ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini'],
  vendor: null,
  signIn: 'as its own documentation says',
  logins: [],
  settings: [],
  sessionFiles: [],
  env: ({ gatewayUrl, mcpUrl }) => ({ CODEFRAME_GATEWAY: gatewayUrl, CODEFRAME_MCP: mcpUrl }),
  files: () => ({}),
  acp: { program: '', args: [], allowAllMode: null, install: '' },
  headless: null,
};

/** What is known of the agents of a driver; undefined for drivers of codeframe's own. */
export function quirkOf(driver: string): Quirk | undefined {
  return driver === otherAcp.name ? otherAcp : quirks.find(({ name }) => name === driver);
}
