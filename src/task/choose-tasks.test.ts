import { describe, expect, test } from 'vitest';
import type { AgentRow } from '../agent/agent.ts';
import { chooseTasks, isReady, isStuck } from './choose-tasks.ts';
import type { TaskRow, TaskState } from './task.ts';

function agent(name: string): AgentRow {
  return {
    name,
    role: 'worker',
    driver: 'model',
    settings: {},
    status: 'idle',
    stepCount: 0,
    lastStop: null,
    createdAt: 0,
  };
}

function task(id: number, state: TaskState, more: Partial<TaskRow> = {}): TaskRow {
  return {
    id,
    title: `task ${id}`,
    details: '',
    agent: null,
    after: [],
    status: state.kind,
    state,
    attempts: 0,
    createdAt: 0,
    ...more,
  };
}

const pending: TaskState = { kind: 'pending' };
const done: TaskState = { kind: 'done', agent: 'ann', at: 0, summary: '' };

function chosen(
  tasks: readonly TaskRow[],
  agents: readonly string[],
  answered: readonly number[] = [],
): object {
  return chooseTasks(tasks, agents.map(agent), new Set(answered)).map(
    (assignment) => `${assignment.agent.name}:${assignment.task.id}${assignment.continued ? '+' : ''}`,
  );
}

describe('choosing tasks', () => {
  test('a task that an agent had begun comes before every new one, and goes to nobody else', () => {
    const held = task(2, { kind: 'held', agent: 'bob', since: 0 });
    expect(chosen([task(1, pending), held], ['ann', 'bob'])).toEqual(['ann:1', 'bob:2+']);
    expect(chosen([held], ['ann'])).toEqual([]);
  });

  test('a waiting task goes on only when its question is answered', () => {
    const waiting = task(1, { kind: 'waiting', agent: 'ann', since: 0, blockerId: 'b1' });
    expect(chosen([waiting], ['ann'])).toEqual([]);
    expect(chosen([waiting], ['ann'], [1])).toEqual(['ann:1+']);
  });

  test('a task for an agent goes to that agent before one for any', () => {
    expect(chosen([task(1, pending), task(2, pending, { agent: 'bob' })], ['bob', 'ann'])).toEqual([
      'bob:2',
      'ann:1',
    ]);
  });

  test('a task waits until all that it comes after is done, and is stuck when that never can be', () => {
    const tasks = [
      task(1, done),
      task(2, { kind: 'failed', agent: 'ann', at: 0, problem: '' }),
      task(3, pending, { after: [1] }),
      task(4, pending, { after: [1, 2] }),
      task(5, pending, { after: [4] }),
    ];
    expect(tasks.filter((one) => isReady(one, tasks)).map(({ id }) => id)).toEqual([3]);
    expect(tasks.filter((one) => isStuck(one, tasks)).map(({ id }) => id)).toEqual([4, 5]);
  });
});
