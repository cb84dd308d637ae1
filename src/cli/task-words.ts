import type { TaskRow, TaskState, TaskStatus } from '../task/task.ts';
import { indented, type Line } from './output.ts';
import { countWords, timeWords } from './quantity-words.ts';
import type { Cell } from './table.ts';

/** One task with all that is known of it. */
export function taskLines(task: TaskRow): readonly Line[] {
  return [
    [{ text: `Task ${task.id}`, style: 'bold' }, `: ${task.title}`],
    ...stateLines(task),
    `For ${task.agent === null ? 'any agent' : `agent ${task.agent}`}${task.after.length === 0 ? '' : `, after ${task.after.join(', ')}`}; ` +
      `added ${timeWords(task.createdAt)}, begun ${countWords(task.attempts, 'time')}.`,
    ...(task.details === '' ? [] : indented(task.details.trimEnd())),
  ];
}

function stateLines({ id, state }: TaskRow): readonly string[] {
  switch (state.kind) {
    case 'pending':
      return ['It is pending.'];
    case 'held':
      if (state.summary !== undefined)
        return [`Agent ${state.agent} has done its part, which is to be merged.`];
      return [`It is held, by agent ${state.agent}, since ${timeWords(state.since)}.`];
    case 'running':
      return [`It is running, by agent ${state.agent}, since ${timeWords(state.since)}.`];
    case 'waiting':
      return [`It waits for an answer: codeframe blocker answer ${state.blockerId} "…"`];
    case 'done':
      return [`It was done ${timeWords(state.at)} by agent ${state.agent}:`, ...indented(state.summary)];
    case 'failed':
      return [
        `It failed ${timeWords(state.at)}, by agent ${state.agent}:`,
        ...indented(state.problem),
        `Next: codeframe task retry ${id}`,
      ];
    case 'cancelled':
      return [`It was cancelled ${timeWords(state.at)}.`];
  }
}

const styles: Partial<Record<TaskState['kind'], NonNullable<Cell['style']>>> = {
  running: 'green',
  waiting: 'yellow',
  failed: 'red',
  done: 'dim',
  cancelled: 'dim',
};

export function taskStatusCell(status: TaskStatus): Cell {
  const style = styles[status];
  return style === undefined ? { text: status } : { text: status, style };
}
