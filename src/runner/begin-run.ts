import type { Run, StartOptions } from '../handle.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import { nextCommand, type ProjectState } from '../project/lifecycle.ts';
import { chooseTasks } from '../task/choose-tasks.ts';
import { takeLease, type HeldLease } from './lease.ts';
import type { RunnerPorts } from './ports.ts';
import { projectStatus } from './project-status.ts';
import { recover } from './recover.ts';
import { Runner } from './runner.ts';

/** Takes the project and starts its agents in this process. Throws before anything has changed when it cannot. */
export function startProject(ports: RunnerPorts, options: StartOptions): Promise<Run> {
  return beginRun(ports, { options, verb: 'start' });
}

/** As `startProject`, for a project that is paused or was interrupted. */
export function resumeProject(ports: RunnerPorts, options: StartOptions): Promise<Run> {
  return beginRun(ports, { options, verb: 'resume' });
}

interface Beginning {
  readonly options: StartOptions;
  readonly verb: 'start' | 'resume';
}

async function beginRun(ports: RunnerPorts, beginning: Beginning): Promise<Run> {
  await refuseEarly(ports, beginning.verb);
  const held = await takeLease(ports, beginning.verb);
  try {
    await recover(ports, held);
    await refuseWrongStatus(ports, beginning.verb);
    await checkAgents(ports);
    if (beginning.verb === 'start') await markStarted(ports, held);
    else await markResumed(ports, held);
  } catch (error) {
    await held.release();
    throw error;
  }
  return { ended: new Runner(ports, held).run() };
}

/** Without an owner the status can be judged before the lease is taken, so that a refusal leaves no trace. */
async function refuseEarly(ports: RunnerPorts, verb: 'start' | 'resume'): Promise<void> {
  const { owner, state } = await projectStatus(ports);
  // A restore that was cut is finished or rolled back first; what the project is then is judged again.
  if (owner === null && state.kind !== 'restoring') refuseUnfit(state, verb);
}

async function refuseWrongStatus(ports: RunnerPorts, verb: 'start' | 'resume'): Promise<void> {
  const { state } = await ports.store.read((tx) => readProject(tx, ports.project.id));
  refuseUnfit(state, verb);
}

function refuseUnfit(state: ProjectState, verb: 'start' | 'resume'): void {
  const fits =
    verb === 'resume'
      ? state.kind === 'paused' || state.kind === 'interrupted'
      : ['created', 'stopped', 'completed', 'interrupted'].includes(state.kind);
  if (fits) return;
  throw new CodeframeError({ code: 'wrong-status', verb, status: state.kind, next: nextCommand(state) });
}

/**
 * A missing key or program is told before anything starts, not by a failed task. One agent that cannot be run keeps the
 * others from nothing: its task then fails, with the same words.
 */
async function checkAgents(ports: RunnerPorts): Promise<void> {
  const { agents, tasks, open } = await ports.store.read(async (tx) => ({
    agents: await tx.list('agents'),
    tasks: await tx.list('tasks'),
    open: new Set((await tx.list('blockers', { where: { status: 'open' } })).map(({ id }) => id)),
  }));
  const answered = new Set(
    tasks.flatMap(({ id, state }) => (state.kind === 'waiting' && !open.has(state.blockerId) ? [id] : [])),
  );
  const chosen = chooseTasks(tasks, agents, answered);
  const problems: unknown[] = [];
  for (const { agent } of chosen) {
    try {
      await ports.drivers.get(agent.driver)?.check(agent);
    } catch (error) {
      ports.log.warn({ err: error, agent: agent.name }, 'an agent cannot be run');
      problems.push(error);
    }
  }
  if (problems.length > 0 && problems.length === chosen.length) throw problems[0];
}

async function markStarted(ports: RunnerPorts, held: HeldLease): Promise<void> {
  const { epoch } = held.fence;
  await ports.store.write(
    async (tx) => {
      const change = { kind: 'start', at: ports.clock.now(), epoch } as const;
      const { before } = await changeProject(tx, ports.project.id, { change, verb: 'start' });
      await recordEvent(tx, ports, { type: 'project-started', data: { epoch, from: before.kind } });
    },
    { fence: held.fence },
  );
  ports.log.info({ epoch }, 'started');
}

async function markResumed(ports: RunnerPorts, held: HeldLease): Promise<void> {
  const { epoch } = held.fence;
  const { clock, store, project } = ports;
  await store.write(
    async (tx) => {
      const change = { kind: 'resume-requested', at: clock.now(), epoch } as const;
      const { after } = await changeProject(tx, project.id, { change, verb: 'resume' });
      await recordEvent(tx, ports, {
        type: 'resume-requested',
        data: { epoch, pauseId: pauseOf(after) },
      });
    },
    { fence: held.fence },
  );
  await store.write(
    async (tx) => {
      await changeProject(tx, project.id, { change: { kind: 'resumed', at: clock.now() }, verb: 'resume' });
      const interrupted = await tx.list('steps', { where: { status: 'interrupted' } });
      const open = await tx.list('tasks', { where: { status: { in: ['held', 'waiting'] } } });
      const tasks = new Set(open.map(({ id }) => id));
      const repeats = interrupted.filter((step) => tasks.has(step.taskId)).map(({ id }) => id);
      await recordEvent(tx, ports, { type: 'project-resumed', data: { epoch, repeats } });
    },
    { fence: held.fence },
  );
  ports.log.info({ epoch }, 'resumed');
}

function pauseOf(state: ProjectState): string | null {
  return state.kind === 'resuming' ? state.pauseId : null;
}
