import type { NewAgent } from '../handle.ts';
import { recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import type { Secrets } from '../secret/secrets.ts';
import type { Store } from '../store/store.ts';
import type { AgentRow } from './agent.ts';
import type { AgentWorktrees } from './worktree.ts';

/** Adds an agent. Throws `invalid-argument`, `already-exists`, and `cannot-isolate`; starts nothing. */
export async function addAgent(
  ports: EventPorts & {
    readonly store: Store;
    readonly drivers: ReadonlyMap<string, unknown>;
    readonly secrets: Pick<Secrets, 'find' | 'ready'>;
    readonly worktrees?: Pick<AgentWorktrees, 'check'>;
  },
  agent: NewAgent,
): Promise<AgentRow> {
  refuseWrong(agent, [...ports.drivers.keys()]);
  await refuseSecrets(ports.secrets, agent);
  if (agent.settings?.isolate === true) await ports.worktrees?.check();
  const row: AgentRow = {
    name: agent.name,
    role: agent.role ?? 'worker',
    driver: agent.driver,
    settings: agent.settings ?? {},
    status: 'idle',
    stepCount: 0,
    lastStop: null,
    createdAt: ports.clock.now(),
  };
  await ports.store.write(async (tx) => {
    if ((await tx.get('agents', row.name)) !== undefined) {
      throw new CodeframeError({ code: 'already-exists', kind: 'agent', id: row.name });
    }
    await tx.insert('agents', row);
    await recordEvent(tx, ports, { type: 'agent-added', data: { agent: row.name, driver: row.driver } });
  });
  return row;
}

function refuseWrong(agent: NewAgent, drivers: readonly string[]): void {
  const { name, driver, settings = {} } = agent;
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/iu.test(name)) {
    throw invalid('NAME', `"${name}" is not a name: letters, digits, dot, dash and underscore, 63 at most`);
  }
  if (!drivers.includes(driver)) {
    throw invalid('--driver', `there is no driver "${driver}"; there are: ${drivers.join(', ')}`);
  }
  if (driver === 'command' && (settings.command ?? []).length === 0) {
    throw invalid('PROGRAM', 'the driver command needs a program after --');
  }
  if (driver === 'acp' && (settings.command ?? []).length === 0) {
    throw invalid('PROGRAM', 'the driver acp needs a program after -- that speaks the Agent Client Protocol');
  }
  if (driver === 'model' && settings.model === undefined) {
    throw invalid('--model', 'the driver model needs --model PROVIDER:MODEL');
  }
  if (settings.model !== undefined && !/^[a-z-]+:.+$/u.test(settings.model)) {
    throw invalid('--model', `"${settings.model}" is not PROVIDER:MODEL, e.g. anthropic:claude-sonnet-4-5`);
  }
}

/** What is stored holds no secret, and an agent cannot do without what its settings say. */
async function refuseSecrets(secrets: Pick<Secrets, 'find' | 'ready'>, agent: NewAgent): Promise<void> {
  await secrets.ready();
  const { command = [], allow = [], model = '', baseUrl = '', bin = '' } = agent.settings ?? {};
  const settings = {
    PROGRAM: command.join(' '),
    '--allow': allow.join('\n'),
    '--model': model,
    '--base-url': baseUrl,
    '--bin': bin,
  };
  for (const [argument, text] of Object.entries(settings)) {
    const [found] = secrets.find(text);
    if (found === undefined) continue;
    const problem = `it holds a secret (${found.kind}), and settings are stored: give it in a variable of the environment, which agents inherit`;
    throw invalid(argument, problem);
  }
}

function invalid(argument: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'invalid-argument', argument, problem });
}
