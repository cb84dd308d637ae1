import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import pinned from './pinned.json' with { type: 'json' };

type Pinned = keyof typeof pinned;

/** Where `npm run agents:install` puts them. */
const root =
  process.env['CODEFRAME_AGENTS_DIR'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'codeframe', 'agents');

/** The programs of the installed agents. */
export const agentsBin = join(root, 'bin');

/** PATH with the installed agents first. */
export const agentsPath = [agentsBin, process.env['PATH'] ?? ''].join(delimiter);

/** Of a list of agents those that are meant and are here. CODEFRAME_AGENTS names fewer than all. */
export function installedOf<Name extends Pinned>(
  agents: readonly Name[],
): readonly { readonly name: Name; readonly version: string }[] {
  return meantOf(agents)
    .filter(isInstalled)
    .map((name) => ({ name, version: versionOf(name) }));
}

/** Those that are meant and are not here, with the reason. */
export function missingOf(
  agents: readonly Pinned[],
): readonly { readonly name: Pinned; readonly why: string }[] {
  return meantOf(agents)
    .filter((name) => !isInstalled(name))
    .map((name) => ({ name, why: whyNot(name) }));
}

function meantOf<Name extends Pinned>(agents: readonly Name[]): readonly Name[] {
  const asked = (process.env['CODEFRAME_AGENTS'] ?? '').split(/[\s,]+/u).filter((name) => name !== '');
  const unknown = asked.filter((name) => !(name in pinned));
  if (unknown.length > 0) throw new Error(`CODEFRAME_AGENTS names no agent: ${unknown.join(', ')}`);
  return agents.filter((name) => asked.length === 0 || asked.includes(name));
}

function isInstalled(agent: Pinned): boolean {
  return pinned[agent].programs.every((program) => existsSync(join(root, 'bin', program)));
}

function versionOf(agent: Pinned): string {
  return Object.values(pinned[agent].packages)[0] ?? '';
}

/** Why it is not there, as the installation said. */
function whyNot(agent: Pinned): string {
  const note = join(root, `${agent}.why`);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : 'not installed (npm run agents:install)';
}
