import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import pinned from './pinned.json' with { type: 'json' };

type Pinned = keyof typeof pinned;

/** Where `npm run agents:install` puts them. */
const root =
  process.env['CODEFRAME_AGENTS_DIR'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'codeframe', 'agents');

/** PATH with the installed agents first. */
export const agentsPath = [join(root, 'bin'), process.env['PATH'] ?? ''].join(delimiter);

function isInstalled(agent: Pinned): boolean {
  return pinned[agent].programs.every((program) => existsSync(join(root, 'bin', program)));
}

/** Why it is not there, as the installation said. */
function whyNot(agent: Pinned): string {
  const note = join(root, `${agent}.why`);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : 'not installed (npm run agents:install)';
}

/** The agents of a list that are installed; says which are run and why others are not. CODEFRAME_AGENTS names fewer. */
export function installedOf(agents: readonly Pinned[]): readonly Pinned[] {
  const asked = (process.env['CODEFRAME_AGENTS'] ?? '').split(/[\s,]+/u).filter((name) => name !== '');
  const meant = agents.filter((name) => asked.length === 0 || asked.includes(name));
  const found = meant.filter(isInstalled);
  const missing = meant.filter((name) => !found.includes(name));
  const lines = [
    `agents that are run: ${found.join(', ') || 'none'}`,
    ...missing.map((name) => `not run: ${name}: ${whyNot(name)}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return found;
}
