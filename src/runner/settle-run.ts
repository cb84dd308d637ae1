import type { RunEnd, StopReport } from '../agent/driver.ts';
import type { StepRow } from '../agent/step.ts';
import { recordEvent, type EventPorts } from '../event/record-event.ts';
import type { EventData } from '../event/event.ts';
import type { ReadTransaction, WriteTransaction } from '../store/store.ts';
import { changeTask } from '../task/change-task.ts';
import type { TaskRow, TaskState } from '../task/task.ts';

/**
 * Writes down how a run ended: its task's new state, the agent idle, and every step that it left open as interrupted.
 * A task that is not this run's any more (it was cancelled) stays as it is. May be called again with another end: the
 * first one stands, also when the agent has been given the task again since.
 */
export async function settleRun(
  tx: WriteTransaction,
  ports: EventPorts,
  ended: { readonly agent: string; readonly task: TaskRow; readonly end: RunEnd },
): Promise<void> {
  const { agent, end } = ended;
  const task = await tx.get('tasks', ended.task.id);
  const isOwn = task !== undefined && isSameRun(task.state, ended.task.state);
  if (!isOwn && (await isAtWork(tx, agent))) return;
  const interrupted = await interruptOpenSteps(tx, ports, { agent });
  const isolated = await isIsolated(tx, agent);
  if (isOwn) await changeTask(tx, ports, { task, ...afterEnd(ports, { agent, task, end, isolated }) });
  await tx.update('agents', {
    key: [agent],
    expect: { status: 'working' },
    set: { status: 'idle', lastStop: stopReport(end, interrupted) },
  });
}

function isSameRun(now: TaskState, begun: TaskState): boolean {
  if (now.kind !== 'running' || begun.kind !== 'running') return false;
  return now.agent === begun.agent && now.since === begun.since;
}

async function isAtWork(tx: WriteTransaction, agent: string): Promise<boolean> {
  const running = await tx.list('tasks', { where: { status: 'running' } });
  return running.some(({ state }) => state.kind === 'running' && state.agent === agent);
}

/** Steps without an end become interrupted: nobody knows how far they came. */
export async function interruptOpenSteps(
  tx: WriteTransaction,
  ports: EventPorts,
  whose: { readonly agent: string },
): Promise<readonly StepRow[]> {
  const open = await tx.list('steps', { where: { agent: whose.agent, status: 'started' } });
  for (const step of open) {
    const summary = `cut while it ran, outcome unknown: ${step.intent.summary}`;
    await tx.update('steps', {
      key: [step.agent, step.seq],
      expect: { status: 'started' },
      set: { status: 'interrupted', endedAt: ports.clock.now(), outcome: { summary, isError: true } },
    });
    await recordEvent(tx, ports, {
      type: 'step-interrupted',
      data: { stepId: step.id, agent: step.agent, name: step.name, summary: step.intent.summary },
    });
  }
  return open;
}

/** Whether what an agent has done is to be merged before its task is done. */
export async function isIsolated(tx: ReadTransaction, agent: string): Promise<boolean> {
  return (await tx.get('agents', agent))?.settings.isolate === true;
}

/** What becomes of a task when its run ends so, and the event that says it. */
export function afterEnd(
  ports: EventPorts,
  ended: {
    readonly agent: string;
    readonly task: TaskRow;
    readonly end: RunEnd;
    readonly isolated: boolean;
  },
): { readonly to: TaskState; readonly event: EventData } {
  const { agent, end } = ended;
  const taskId = ended.task.id;
  const at = ports.clock.now();
  switch (end.kind) {
    case 'done':
      if (ended.isolated) {
        return {
          to: { kind: 'held', agent, since: at, summary: end.summary },
          event: { type: 'work-finished', data: { taskId, agent, summary: end.summary } },
        };
      }
      return {
        to: { kind: 'done', agent, at, summary: end.summary },
        event: { type: 'task-done', data: { taskId, agent, summary: end.summary } },
      };
    case 'failed':
      return {
        to: { kind: 'failed', agent, at, problem: end.problem },
        event: { type: 'task-failed', data: { taskId, agent, problem: end.problem } },
      };
    case 'waiting':
      return {
        to: { kind: 'waiting', agent, since: at, blockerId: end.blockerId },
        event: { type: 'task-waiting', data: { taskId, agent, blockerId: end.blockerId } },
      };
    case 'stopped':
      return {
        to: { kind: 'held', agent, since: at },
        event: { type: 'task-held', data: { taskId, agent } },
      };
  }
}

/** How an agent came to its stop, with the step that was left open. */
export function stopReport(end: RunEnd, interrupted: readonly StepRow[]): StopReport {
  const report: StopReport =
    end.kind === 'stopped' ? end.report : { how: 'finished-step', interruptedStepId: null, durationMs: 0 };
  return { ...report, interruptedStepId: report.interruptedStepId ?? interrupted.at(-1)?.id ?? null };
}
