import { join } from 'node:path';
import type { AgentRow } from '../../agent/agent.ts';
import type { AgentDriver } from '../../agent/driver.ts';
import type { SessionFile } from '../../agent/home.ts';
import type { Processes } from '../../agent/processes.ts';
import type { Clock } from '../../clock.ts';
import { CodeframeError } from '../../failure.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Log, Output } from '../../log.ts';
import { AgentSeat } from './agent-seat.ts';
import { AgentWork } from './agent-work.ts';
import { speaks } from './choose-model.ts';
import type { Quirk, Vendor } from './quirk.ts';

export interface AgentDriverOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** What the agents inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly projectDir: string;
  /** Where the HOMEs are, one directory an agent. */
  readonly homesDir: string;
  readonly userHome: string;
  /** Opened when the first agent needs it. */
  readonly gateway: () => Promise<Gateway>;
  /** The session files of an agent in a checkpoint, or in the newest that has some. */
  readonly savedSession: (agent: string, checkpointId: string | null) => Promise<readonly SessionFile[]>;
  /** What others have changed in the project's files since a moment; null when that is not known. */
  readonly changesSince: (
    at: number,
  ) => Promise<readonly { readonly path: string; readonly change: string }[] | null>;
  /** Whether an agent may run a line without asking. */
  readonly mayRun: (agent: AgentRow, line: string) => boolean;
  /** The rules of all that it may run, `**` for everything. */
  readonly rulesOf: (agent: AgentRow) => readonly string[];
  /** Where an agent's own messages go. */
  readonly openOutput: (agent: string) => Output;
}

/** Runs agents that others wrote, with the model calls through codeframe's gateway. One driver for each kind of agent. */
export function createAgentDriver(options: AgentDriverOptions, quirk: Quirk): AgentDriver {
  return {
    name: quirk.name,
    async check(agent) {
      checkModel(quirk, agent);
      AgentSeat.find(options, quirk, agent);
    },
    begin: (job) => new AgentWork(options, quirk, job),
  };
}

/** The HOME of an agent. */
export function homeOf(options: { readonly homesDir: string }, agent: string): string {
  return join(options.homesDir, agent);
}

function checkModel(quirk: Quirk, agent: AgentRow): void {
  const { model, baseUrl } = agent.settings;
  if (model === undefined) {
    if (quirk.vendor !== null || quirk.name === 'acp') return;
    const problem = `${quirk.title} needs a model: give the agent one with --model VENDOR:MODEL`;
    throw new CodeframeError({ code: 'unknown-model', model: '(none)', problem });
  }
  const [vendor = ''] = model.split(':');
  if (baseUrl !== undefined || vendor === 'recorded') return;
  if (['anthropic', 'openai', 'google'].includes(vendor) && speaks(quirk, vendor as Vendor)) return;
  const problem = `${quirk.title} does not speak to ${vendor}; with --base-url it takes any server that speaks ${quirk.protocols.join(' or ')}`;
  throw new CodeframeError({ code: 'unknown-model', model, problem });
}
