import type { AgentRow } from '../agent/agent.ts';
import type { TaskRow } from './task.ts';

export interface Assignment {
  readonly agent: AgentRow;
  readonly task: TaskRow;
  /** The agent had begun it before. */
  readonly continued: boolean;
}

/**
 * Which free agent takes which task now: what it had begun first, then ready tasks by their ids, those that are for
 * it before those that are for any. `waiting` tasks whose question is answered are given in `answered`. Pure.
 */
export function chooseTasks(
  tasks: readonly TaskRow[],
  free: readonly AgentRow[],
  answered: ReadonlySet<number>,
): readonly Assignment[] {
  const taken = new Set<number>();
  const assignments: Assignment[] = [];
  for (const agent of free) {
    const begun = tasks.find((task) => !taken.has(task.id) && isBegunBy(task, agent.name, answered));
    const task = begun ?? nextPending(tasks, agent.name, taken);
    if (task === undefined) continue;
    taken.add(task.id);
    assignments.push({ agent, task, continued: begun !== undefined });
  }
  return assignments;
}

function isBegunBy(task: TaskRow, agent: string, answered: ReadonlySet<number>): boolean {
  if (task.state.kind === 'held') return task.state.agent === agent;
  return task.state.kind === 'waiting' && task.state.agent === agent && answered.has(task.id);
}

function nextPending(
  tasks: readonly TaskRow[],
  agent: string,
  taken: ReadonlySet<number>,
): TaskRow | undefined {
  const ready = tasks.filter((task) => !taken.has(task.id) && isReady(task, tasks));
  return ready.find((task) => task.agent === agent) ?? ready.find((task) => task.agent === null);
}

/** Pending, and all that it comes after is done. */
export function isReady(task: TaskRow, tasks: readonly TaskRow[]): boolean {
  if (task.state.kind !== 'pending') return false;
  return task.after.every((id) => tasks.find((other) => other.id === id)?.state.kind === 'done');
}

/** Pending, but it comes after a task that failed or was cancelled, so nothing will make it ready. */
export function isStuck(task: TaskRow, tasks: readonly TaskRow[]): boolean {
  if (task.state.kind !== 'pending') return false;
  return task.after.some((id) => {
    const before = tasks.find((other) => other.id === id);
    if (before === undefined) return true;
    return ['failed', 'cancelled'].includes(before.state.kind) || isStuck(before, tasks);
  });
}
