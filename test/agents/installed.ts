import { existsSync } from 'node:fs';
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

export function isInstalled(agent: Pinned): boolean {
  return pinned[agent].programs.every((program) => existsSync(join(root, 'bin', program)));
}

/** The agents of a list that are installed; says which and which not. CODEFRAME_AGENTS names fewer. */
export function installedOf(agents: readonly Pinned[]): readonly Pinned[] {
  const asked = (process.env['CODEFRAME_AGENTS'] ?? '').split(/[\s,]+/u).filter((name) => name !== '');
  const meant = agents.filter((name) => asked.length === 0 || asked.includes(name));
  const found = meant.filter(isInstalled);
  const missing = meant.filter((name) => !found.includes(name));
  const all =
    missing.length === 0 ? '' : `; not installed, not run: ${missing.join(', ')} (npm run agents:install)`;
  process.stdout.write(`agents that are run: ${found.join(', ') || 'none'}${all}\n`);
  return found;
}
