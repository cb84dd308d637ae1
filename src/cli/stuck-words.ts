import type { TaskRow } from '../task/task.ts';
import type { Line } from './output.ts';

/** Why tasks that are pending when nothing runs any more cannot begin, and what lets them. */
export function stuckLines(tasks: readonly TaskRow[], agentNames: readonly string[]): readonly Line[] {
  return tasks
    .filter(({ state }) => state.kind === 'pending')
    .flatMap((task) => withoutAgent(task, agentNames) ?? afterEnded(task, tasks));
}

function withoutAgent(task: TaskRow, agentNames: readonly string[]): readonly Line[] | undefined {
  const isThere = task.agent === null ? agentNames.length > 0 : agentNames.includes(task.agent);
  if (isThere) return undefined;
  return [
    `Task ${task.id} (${task.title}) has no agent to do it.`,
    `  Add one: codeframe agent add ${task.agent ?? '--help'}`,
  ];
}

/** Those that come after a task that is stuck itself are not named: they begin when that one is done. */
function afterEnded(task: TaskRow, tasks: readonly TaskRow[]): readonly Line[] {
  const before = tasks.filter(({ id }) => task.after.includes(id));
  return before.flatMap(({ id, state }): Line[] => {
    const sentence = `Task ${task.id} (${task.title}) comes after task ${id}, which`;
    if (state.kind === 'failed') return [`${sentence} failed.`];
    if (state.kind !== 'cancelled') return [];
    return [`${sentence} is cancelled.`, `  Again: codeframe task retry ${id}`];
  });
}
