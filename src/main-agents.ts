import { homedir } from 'node:os';
import path from 'node:path';
import { openRotatingFile } from './adapters/log-pino/rotating-file.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import type { AgentReport } from './agent/agent-report.ts';
import type { AgentRow } from './agent/agent.ts';
import type { AgentDriver } from './agent/driver.ts';
import type { AgentHomes } from './agent/home.ts';
import { permissionFor, rulesFor, type Permission, type PermissionRules } from './agent/permissions.ts';
import type { Gateway } from './gateway/gateway.ts';
import { openPermissions } from './adapters/project-files/permissions-file.ts';
import type { RecordedTurn } from './gateway/recorded-turn.ts';
import { CodeframeError } from './failure.ts';
import { silentLog, type Output } from './log.ts';
import { ownCommand } from './main-package.ts';
import type { ProjectPlace } from './project/config.ts';
import type { ProjectPorts } from './runner/ports.ts';
import { redactingOutput } from './secret/redacting-output.ts';
import type { Secrets } from './secret/secrets.ts';

// The part of main.ts that joins what agents that others wrote need.

/** What drivers are made of. */
export interface DriverParts {
  readonly place: ProjectPlace;
  readonly allow: readonly string[];
  readonly ports: ProjectPorts;
  /** Through which the calls of agents that others wrote go; left out where no agent is run. */
  readonly gateway?: () => Promise<Gateway>;
}

/** Those of agents that others wrote. */
export async function externalDrivers(made: DriverParts): Promise<readonly AgentDriver[]> {
  const { createAgentDriver } = await import('./adapters/driver-acp/agent-driver.ts');
  const { otherAcp, quirks } = await import('./adapters/driver-acp/all-quirks.ts');
  const { putBackSecrets } = await import('./adapters/driver-acp/session-files.ts');
  const { changeTexts } = await import('./adapters/store-sqlite/change-texts.ts');
  const { savedSession, changesSince } = await import('./checkpoint/resumed-work.ts');
  const { place, ports, gateway } = made;
  const options = {
    processes: ports.processes,
    clock: systemClock,
    log: ports.log,
    env: process.env,
    projectDir: place.dir,
    homesDir: homesOf(place),
    userHome: homedir(),
    gateway: gateway ?? noGateway,
    savedSession: async (agent: string, checkpointId: string | null) =>
      putBackSecrets(
        { secrets: ports.secrets, changeTexts },
        await savedSession(ports, { agent, checkpointId }),
      ),
    changesSince: (at: number) => changesSince(ports, at),
    ...permissionsOf(made),
    openOutput: (agent: string) => openAgentOutput(made, agent),
    toolsCommand: [...ownCommand, 'mcp', '--url'],
  };
  return [...quirks, otherAcp].map((quirk) => createAgentDriver(options, quirk));
}

/** What a run's agents may do, as people have it now: an answer for good counts at once. */
export function permissionsOf({ place, allow, ports }: DriverParts): {
  readonly permissionFor: (agent: AgentRow, line: string) => Permission;
  readonly rulesOf: (agent: AgentRow) => PermissionRules;
} {
  const memory = openPermissions(place.dataDir);
  const rulesOf = (agent: AgentRow): PermissionRules =>
    rulesFor({ config: place.config.settings, remembered: memory.read(), agent, run: allow });
  return {
    rulesOf,
    permissionFor: (agent, line) => permissionFor(rulesOf(agent), ports.secrets.redact(line).text),
  };
}

function noGateway(): never {
  throw new Error('the drivers were loaded to check agents, not to run them');
}

function homesOf({ dataDir }: ProjectPlace): string {
  return path.join(dataDir, 'homes');
}

/** Read when a checkpoint is written. */
export function openHomes(place: ProjectPlace, secrets: Secrets): AgentHomes {
  return {
    async sessionFiles(agent) {
      const { readSessionFiles } = await import('./adapters/driver-acp/session-files.ts');
      const { copyDatabase } = await import('./adapters/store-sqlite/copy-database.ts');
      const { changeTexts } = await import('./adapters/store-sqlite/change-texts.ts');
      const ports = { homesDir: homesOf(place), secrets, copyDatabase, changeTexts };
      return readSessionFiles(ports, agent);
    },
  };
}

/** Where an agent's output goes: whole, without secrets. */
export function openAgentOutput({ place, ports }: DriverParts, agent: string): Output {
  return redactingOutput(
    openRotatingFile({
      path: path.join(place.dataDir, 'logs', 'agents', `${agent}.log`),
      sizeBytesMax: 10 * 1024 * 1024,
      filesMax: 5,
      onProblem: (error) => ports.log.warn({ err: error, agent }, 'cannot write its output'),
    }),
    ports.secrets,
  );
}

/** What an agent that others wrote is asked about: as it is in a project, or by the name of its driver. */
export interface AskedAgents {
  readonly agents: readonly AgentRow[];
  /** Of an agent or of a driver; null: all agents of the project, and all others on this machine. */
  readonly name: string | null;
  /** Told before each, for it takes some seconds. */
  readonly before: (title: string) => void;
}

/** Looks for agents and tries them on a recorded model; needs no project. Throws `unknown-id`. */
export async function* examineAgents(asked: AskedAgents): AsyncGenerator<AgentReport> {
  const { examineAgent } = await import('./adapters/driver-acp/examine-agent.ts');
  const { quirkOf, quirks } = await import('./adapters/driver-acp/all-quirks.ts');
  const { openGateway } = await import('./adapters/gateway-http/http-gateway.ts');
  const { openRecordedTurns } = await import('./adapters/gateway-http/recorded-server.ts');
  const { openProcesses } = await import('./adapters/processes/machine-processes.ts');
  const { name, agents } = asked;
  const external = agents.filter(({ driver }) => quirkOf(driver) !== undefined);
  const others = quirks.filter((quirk) => !external.some(({ driver }) => driver === quirk.name));
  const all = [
    ...external.map((agent) => ({ agent, quirk: quirkOf(agent.driver) })),
    ...others.map((quirk) => ({ agent: null, quirk })),
  ];
  const meant = all.filter(
    ({ agent, quirk }) => name === null || agent?.name === name || quirk?.name === name,
  );
  if (meant.length === 0) {
    const near = all.map(({ agent, quirk }) => agent?.name ?? quirk?.name ?? '');
    throw new CodeframeError({ code: 'unknown-id', kind: 'agent', id: name ?? '', near });
  }
  await using recorded = await openRecordedTurns([{ text: 'Fine.' }]);
  await using gateway = openGateway({ log: silentLog, clock: systemClock, findPriced: () => null });
  const options = {
    processes: openProcesses(),
    clock: systemClock,
    log: silentLog,
    env: process.env,
    projectDir: process.cwd(),
    homesDir: '',
    userHome: homedir(),
    gateway: async () => gateway,
    savedSession: async () => [],
    changesSince: async () => null,
    permissionFor: () => 'allow' as const,
    rulesOf: () => ({ allow: ['**'], ask: [], deny: [], lines: [] }),
    openOutput: () => ({ write() {}, close() {} }),
    toolsCommand: [...ownCommand, 'mcp', '--url'],
  };
  for (const { agent, quirk } of meant) {
    if (quirk === undefined) continue;
    asked.before(agent?.name ?? quirk.title);
    yield await examineAgent({ options, quirk, agent, recorded });
  }
}

/** Throws `missing-program` when an agent that others wrote, of this driver and name, cannot be found. Starts nothing. */
export async function needAgent(driver: string, name: string): Promise<void> {
  const { needProgram } = await import('./adapters/driver-acp/examine-agent.ts');
  const { quirkOf } = await import('./adapters/driver-acp/all-quirks.ts');
  const quirk = quirkOf(driver);
  if (quirk !== undefined) needProgram({ env: process.env, projectDir: process.cwd() }, quirk, name);
}

/** A model that plays a list of turns, in the place of an agent's provider. */
export async function openRecordedTurns(
  turns: readonly RecordedTurn[],
): Promise<AsyncDisposable & { readonly url: string }> {
  const { openRecordedTurns: open } = await import('./adapters/gateway-http/recorded-server.ts');
  return open(turns);
}
