import { adoptCheckpoints } from '../checkpoint/adopt-checkpoints.ts';
import { sweepCut } from '../checkpoint/retention-reclaim.ts';
import { recoverRestores } from '../checkpoint/recover-restore.ts';
import type { RunEnd } from '../agent/driver.ts';
import { markerPrefix, markerScope } from '../agent/processes.ts';
import { recordEvent } from '../event/record-event.ts';
import { readProject, setState } from '../project/change-project.ts';
import { needsOwner, nextState, type ProjectState } from '../project/lifecycle.ts';
import { killMs } from '../project/pause.ts';
import type { WriteTransaction } from '../store/store.ts';
import { changeTask } from '../task/change-task.ts';
import { killStaleOwner, type HeldLease } from './lease.ts';
import { finishPause } from './perform-pause.ts';
import type { ProjectPorts } from './ports.ts';
import { afterEnd, interruptOpenSteps, isIsolated } from './settle-run.ts';

export interface Recovered {
  /** Steps whose outcome is unknown now. */
  readonly interruptedSteps: readonly string[];
  readonly killedProcesses: number;
}

/**
 * Puts right what an owner that died left behind; called by every new owner before anything else. May be called again
 * at any time, also after it was itself killed. In order: kill what its agents left running; finish or roll back a
 * restore; take up checkpoints that have no row; complete a pause whose checkpoint is there; close open steps; hold
 * running tasks; and say `interrupted`. It starts nothing (O2).
 *
 * `keepPause`: the caller performs the pause that is under way, so it stays `pausing`.
 */
export async function recover(
  ports: ProjectPorts,
  lease: HeldLease,
  options: { readonly keepPause: boolean } = { keepPause: false },
): Promise<Recovered> {
  const { store, log, processes, project } = ports;
  if (!(await isDue(ports, lease))) return { interruptedSteps: [], killedProcesses: 0 };
  log.info({ epoch: lease.fence.epoch }, 'recovering from an owner that ended without a word');
  killStaleOwner(ports, lease.before);
  const { killed, left } = await processes.killMarked(markerPrefix(markerScope(project)), killMs);
  if (left.length > 0) throw new Error(`processes of agents are still there: ${left.join(', ')}`);
  for (const recovered of await recoverRestores(ports, lease.fence)) {
    const { restoreId, how } = recovered;
    log.info({ restoreId, how }, 'recovered a restore');
    ports.onRecovered?.(recovered);
  }
  await adoptCheckpoints(ports);
  await sweepCut(ports);
  await completePause(ports, lease);
  const interruptedSteps = await store.write((tx) => closeAll(ports, { tx, lease, killed, ...options }), {
    fence: lease.fence,
  });
  return { interruptedSteps, killedProcesses: killed };
}

/** An owner that went without a word, or a status that needs one and had none. */
async function isDue(ports: ProjectPorts, lease: HeldLease): Promise<boolean> {
  if (lease.before !== null || (await ports.writer.open()).length > 0) return true;
  if ((await ports.gitRewinder.open()).length > 0) return true;
  return ports.store.read(async (tx) => {
    const { state } = await readProject(tx, ports.project.id);
    if (needsOwner(state)) return true;
    return (
      (await tx.count('steps', { status: 'started' })) + (await tx.count('restores', { status: 'begun' })) > 0
    );
  });
}

/** The process died between its checkpoint and its last transaction: the checkpoint names the pause. */
async function completePause(ports: ProjectPorts, lease: HeldLease): Promise<void> {
  const found = await ports.store.read(async (tx) => {
    const { state } = await readProject(tx, ports.project.id);
    if (state.kind !== 'pausing') return undefined;
    const pause = await tx.get('pauses', state.pauseId);
    const [row] = await tx.list('checkpoints', { where: { pauseId: state.pauseId } });
    if (pause?.draft == null || row === undefined) return undefined;
    return { draft: pause.draft, row, requestedAt: pause.requestedAt };
  });
  if (found === undefined) return;
  const durationMs = Math.max(0, ports.clock.now() - found.requestedAt);
  await finishPause(ports, {
    draft: found.draft,
    row: found.row,
    fence: lease.fence,
    durationMs,
    keepLease: true,
  });
}

async function closeAll(
  ports: ProjectPorts,
  closing: {
    readonly tx: WriteTransaction;
    readonly lease: HeldLease;
    readonly killed: number;
    readonly keepPause: boolean;
  },
): Promise<readonly string[]> {
  const { tx } = closing;
  const interrupted: string[] = [];
  for (const agent of await tx.list('agents')) {
    const open = await interruptOpenSteps(tx, ports, { agent: agent.name });
    interrupted.push(...open.map((step) => step.id));
    await tx.update('agents', { key: [agent.name], set: { status: 'idle' } });
  }
  for (const task of await tx.list('tasks', { where: { status: 'running' } })) {
    if (task.state.kind !== 'running') continue;
    const { agent } = task.state;
    const ended = await endOfProgram(tx, { taskId: task.id, agent, since: task.state.since });
    const isolated = await isIsolated(tx, agent);
    const after = afterEnd(ports, { agent, task, end: ended ?? heldEnd, isolated });
    await changeTask(tx, ports, { task, ...after });
  }
  await sayInterrupted(ports, { ...closing, interrupted });
  return interrupted;
}

const heldEnd: RunEnd = {
  kind: 'stopped',
  report: { how: 'killed', interruptedStepId: null, durationMs: 0 },
};

/** A program's run is one step: where its end is written, the task has ended, and the program must not run again (S1). */
async function endOfProgram(
  tx: WriteTransaction,
  of: { readonly taskId: number; readonly agent: string; readonly since: number },
): Promise<RunEnd | undefined> {
  const { taskId, agent } = of;
  const last = (await tx.list('steps', { where: { taskId, agent, kind: 'run' } })).at(-1);
  if (last?.outcome == null || last.startedAt < of.since) return undefined;
  if (last.status === 'completed') return { kind: 'done', summary: last.outcome.summary };
  return last.status === 'failed' ? { kind: 'failed', problem: last.outcome.summary } : undefined;
}

async function sayInterrupted(
  ports: ProjectPorts,
  said: {
    readonly tx: WriteTransaction;
    readonly lease: HeldLease;
    readonly killed: number;
    readonly keepPause: boolean;
    readonly interrupted: readonly string[];
  },
): Promise<void> {
  const { tx, lease } = said;
  const row = await readProject(tx, ports.project.id);
  const at = ports.clock.now();
  const lostEpoch = lease.before?.epoch ?? lease.fence.epoch - 1;
  const state = lostState(row.state, { at, lostEpoch, keepPause: said.keepPause });
  if (state === undefined) return;
  await setState(tx, row, state);
  if (row.state.kind === 'pausing' && state.kind !== 'pausing') {
    await tx.update('pauses', {
      key: [row.state.pauseId],
      expect: { status: 'requested' },
      set: { status: 'failed', problem: 'the process that did the pause ended in the middle', endedAt: at },
    });
  }
  await recordEvent(tx, ports, {
    type: 'runner-lost',
    data: {
      epoch: lostEpoch,
      pid: lease.before?.pid ?? null,
      was: row.state.kind,
      interruptedSteps: said.interrupted,
      killedProcesses: said.killed,
    },
  });
}

/** What the project is doing now that its owner is gone; undefined when nothing changes. */
function lostState(
  state: ProjectState,
  lost: { readonly at: number; readonly lostEpoch: number; readonly keepPause: boolean },
): ProjectState | undefined {
  const { at, lostEpoch } = lost;
  if (state.kind === 'pausing' && lost.keepPause) {
    if (state.from.kind !== 'running') return undefined;
    return { ...state, from: { kind: 'interrupted', since: at, was: 'running', lostEpoch } };
  }
  const next = nextState(state, { kind: 'runner-lost', at, lostEpoch });
  return next.ok ? next.state : undefined;
}
