import type { AgentRow } from '../agent/agent.ts';
import { markerPrefix, markerScope } from '../agent/processes.ts';
import { stepWords } from '../agent/step-words.ts';
import type { StepRow } from '../agent/step.ts';
import type { ContextItemRow, Tier } from '../context/item.ts';
import { promptTokens } from '../context/prompt-tokens.ts';
import type { EventData } from '../event/event.ts';
import type { AgentStatus, StatusReport } from '../handle.ts';
import { spentUsd } from '../project/budget.ts';
import { readProject } from '../project/change-project.ts';
import { isTakeable, type LeaseRow } from '../project/lease.ts';
import { needsOwner, nextCommand, nextState, type ProjectState } from '../project/lifecycle.ts';
import type { ReadTransaction } from '../store/store.ts';
import type { TaskRow, TaskStatus } from '../task/task.ts';
import { livenessOf, type LeasePorts } from './lease.ts';
import type { ProjectPorts } from './ports.ts';
import { overLimit } from './retention-handle.ts';

type StatusPorts = LeasePorts & Pick<ProjectPorts, 'project' | 'projectDir' | 'space' | 'checkpointSettings'>;

/** What is true now; changes nothing. A status that no live process stands behind is told as `interrupted`. */
export async function projectStatus(ports: StatusPorts): Promise<StatusReport> {
  const { isLost, ...report } = await storedStatus(ports);
  const strayProcesses = isLost ? await countStrays(ports) : 0;
  return { ...report, strayProcesses, overLimit: await overLimit(ports) };
}

async function countStrays({ processes, project }: StatusPorts): Promise<number> {
  return (await processes.marked(markerPrefix(markerScope(project)))).length;
}

/** `isLost`: the row's state has an owner, and there is none. */
function storedStatus(
  ports: StatusPorts,
): Promise<Omit<StatusReport, 'strayProcesses' | 'overLimit'> & { readonly isLost: boolean }> {
  return ports.store.read(async (tx) => {
    const row = await readProject(tx, ports.project.id);
    const lease = await tx.get('leases', 'runner');
    const owner = liveOwner(ports, lease);
    const state = trueState(row.state, { lease, owner, now: ports.clock.now() });
    const tasks = await tx.list('tasks');
    const steps = await tx.list('steps', { where: { status: { in: ['started', 'interrupted'] } } });
    const open = owner === null ? await openSteps(tx, { tasks, steps }) : [];
    const [lastCheckpoint] = await tx.list('checkpoints', {
      where: { deletedAt: null },
      orderBy: 'createdAt',
      descending: true,
      limit: 1,
    });
    return {
      project: { id: row.id, name: row.name, dir: ports.projectDir },
      status: state.kind,
      state,
      owner,
      lostOwner: owner === null && state.kind === 'interrupted' ? lostOwner(lease) : null,
      lastSeq: await lastSeq(tx),
      next: owner === null && state.kind === 'restoring' ? 'codeframe pause' : nextCommand(state),
      agents: await agentStatuses(tx, { tasks, steps, alive: owner !== null }),
      tasks: countByStatus(tasks, owner !== null),
      openBlockers: await tx.list('blockers', { where: { status: 'open' } }),
      interruptedSteps: open.length,
      isLost: owner === null && needsOwner(row.state),
      cutRestore: owner === null ? await cutRestore(tx) : null,
      lastCheckpoint: lastCheckpoint ?? null,
      failedCheckpoint: await failedCheckpoint(tx, lastCheckpoint?.createdAt ?? 0),
      ...(await spent(tx)),
    };
  });
}

type FailedCheckpoint = Extract<EventData, { readonly type: 'checkpoint-failed' }>['data'];

async function failedCheckpoint(
  tx: ReadTransaction,
  since: number,
): Promise<StatusReport['failedCheckpoint']> {
  const where = { type: 'checkpoint-failed' } as const;
  const [last] = await tx.list('events', { where, orderBy: 'seq', descending: true, limit: 1 });
  if (last === undefined || last.at <= since) return null;
  return { at: last.at, ...(last.data as FailedCheckpoint) };
}

async function cutRestore(tx: ReadTransaction): Promise<StatusReport['cutRestore']> {
  const [begun] = await tx.list('restores', { where: { status: 'begun' }, limit: 1 });
  return begun === undefined ? null : { id: begun.id, checkpointId: begun.checkpointId };
}

function liveOwner(ports: LeasePorts, lease: LeaseRow | undefined): StatusReport['owner'] {
  if (lease === undefined || lease.ownerId === null) return null;
  const liveness = livenessOf(ports.processes, lease);
  // A process that is there still owns the project, however old its lease looks: clocks jump, and laptops sleep (O3).
  if (liveness !== 'alive' && isTakeable(lease, liveness, ports.clock.now())) return null;
  const { pid, host, command, acquiredAt, epoch } = lease;
  return { pid, host, command, acquiredAt, epoch };
}

/** Whoever freed the lease put things right first: only a lease that is not free names the one who died. */
function lostOwner(lease: LeaseRow | undefined): StatusReport['lostOwner'] {
  if (lease === undefined || lease.ownerId === null) return null;
  const { pid, host, command, acquiredAt, renewedAt, epoch } = lease;
  return { pid, host, command, acquiredAt, renewedAt, epoch };
}

async function lastSeq(tx: ReadTransaction): Promise<number> {
  const [last] = await tx.list('events', { orderBy: 'seq', descending: true, limit: 1 });
  return last?.seq ?? 0;
}

/** The row's state, or what recovery will make of it when its owner is gone. Pure. */
export function trueState(
  state: ProjectState,
  known: { readonly lease: LeaseRow | undefined; readonly owner: object | null; readonly now: number },
): ProjectState {
  // A pause whose performer died, or that nobody has taken up yet, is still a pause that was asked for.
  // A restore whose process died has left files of both, until the next owner puts that right.
  const stays = state.kind === 'pausing' || state.kind === 'restoring';
  if (known.owner !== null || !needsOwner(state) || stays) return state;
  const lostEpoch = known.lease?.epoch ?? 0;
  const at = known.lease?.renewedAt ?? known.now;
  const next = nextState(state, { kind: 'runner-lost', at, lostEpoch });
  return next.ok ? next.state : state;
}

/** Those that were cut and neither repeated nor told of since: what a resume has to deal with. */
async function openSteps(
  tx: ReadTransaction,
  seen: { readonly tasks: readonly TaskRow[]; readonly steps: readonly StepRow[] },
): Promise<readonly StepRow[]> {
  const repeated = new Set(seen.steps.map((step) => step.repeats));
  const open: StepRow[] = [];
  for (const task of seen.tasks.filter(({ status }) => isBegun(status))) {
    const [ended] = await tx.list('steps', {
      where: { taskId: task.id, status: { in: ['completed', 'failed'] } },
      orderBy: 'startedAt',
      descending: true,
      limit: 1,
    });
    const cut = seen.steps.filter(({ taskId, id }) => taskId === task.id && !repeated.has(id));
    open.push(...cut.filter(({ agent, seq }) => agent !== ended?.agent || seq > ended.seq));
  }
  return open;
}

async function agentStatuses(
  tx: ReadTransaction,
  seen: { readonly tasks: readonly TaskRow[]; readonly steps: readonly StepRow[]; readonly alive: boolean },
): Promise<readonly AgentStatus[]> {
  const statuses: AgentStatus[] = [];
  for (const agent of await tx.list('agents')) {
    const where = { agent: agent.name };
    const items = await tx.pick('context_items', ['tier', 'promptTokens'], { where });
    const task = taskInHand(seen.tasks, agent.name);
    const step = seen.steps.findLast(
      ({ agent: name, status }) => name === agent.name && status === 'started',
    );
    statuses.push({
      name: agent.name,
      role: agent.role,
      driver: agent.driver,
      model: shownModel(agent),
      status: seen.alive ? agent.status : 'idle',
      task: task && { id: task.id, title: task.title, status: trueTaskStatus(task.status, seen.alive) },
      step: step !== undefined && seen.alive ? stepWords({ ...step, summary: step.intent.summary }) : null,
      promptTokens: promptTokens(items),
      tiers: countTiers(items),
    });
  }
  return statuses;
}

/** What an agent is at: what runs, before what it goes on with next, before what waits for a person. */
function taskInHand(tasks: readonly TaskRow[], agent: string): TaskRow | null {
  const own = tasks.filter(({ state }) => 'agent' in state && state.agent === agent);
  const byStatus = (wanted: TaskStatus): TaskRow | undefined => own.find(({ status }) => status === wanted);
  return byStatus('running') ?? byStatus('held') ?? byStatus('waiting') ?? null;
}

function isBegun(status: TaskStatus): boolean {
  return status === 'running' || status === 'held' || status === 'waiting';
}

/** A recording is never shown as a model. */
function shownModel(agent: AgentRow): string | null {
  const { model } = agent.settings;
  if (model === undefined) return null;
  const recording = /^recorded:(?<file>.*)$/u.exec(model)?.groups?.['file'];
  return recording === undefined ? model : `recorded model (${recording})`;
}

function countTiers(items: readonly Pick<ContextItemRow, 'tier'>[]): Readonly<Record<Tier, number>> {
  const tiers = { HOT: 0, WARM: 0, COLD: 0 };
  for (const { tier } of items) tiers[tier] += 1;
  return tiers;
}

function countByStatus(tasks: readonly TaskRow[], alive: boolean): Readonly<Record<TaskStatus, number>> {
  const counts = { pending: 0, running: 0, held: 0, waiting: 0, done: 0, failed: 0, cancelled: 0 };
  for (const { status } of tasks) counts[trueTaskStatus(status, alive)] += 1;
  return counts;
}

/** A task that a runner was at when it died is held: recovery will write so. */
function trueTaskStatus(status: TaskStatus, alive: boolean): TaskStatus {
  return status === 'running' && !alive ? 'held' : status;
}

async function spent(tx: ReadTransaction): Promise<Pick<StatusReport, 'costUsd' | 'tokens'>> {
  const costs = await tx.list('costs');
  let input = 0;
  let output = 0;
  for (const cost of costs) {
    input += cost.inputTokens;
    output += cost.outputTokens;
  }
  return { costUsd: spentUsd(costs), tokens: { input, output } };
}
