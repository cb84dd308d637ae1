import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { TaskState } from '../task/task.ts';
import { projectStatus } from './project-status.ts';

const states: readonly TaskState[] = [
  { kind: 'waiting', agent: 'ada', since: 0, blockerId: 'b1' },
  { kind: 'held', agent: 'ada', since: 0 },
  { kind: 'running', agent: 'ada', since: 0 },
];

/** The task that the status shows for an agent which has one of each kind. */
async function shownTask(owner: { readonly isAlive: boolean }): Promise<unknown> {
  let shown: unknown;
  await withRunnerBench(async ({ ports }) => {
    await ports.store.write(async (tx) => {
      const renewedAt = owner.isAlive ? ports.clock.now() : 0;
      await tx.update('leases', { key: ['runner'], set: { renewedAt } });
      await tx.insert('agents', agentRow());
      for (const [index, state] of states.entries())
        await tx.insert('tasks', { ...taskRow(index + 1), status: state.kind, state });
    });
    shown = (await projectStatus(ports)).agents[0]?.task;
  });
  return shown;
}

describe('the status of an agent', () => {
  it('shows the task that it is at, not one that waits', async () => {
    expect(await shownTask({ isAlive: true })).toMatchObject({ id: 3, status: 'running' });
  });

  it('shows no task as running when nobody runs it', async () => {
    expect(await shownTask({ isAlive: false })).toMatchObject({ id: 3, status: 'held' });
  });
});
