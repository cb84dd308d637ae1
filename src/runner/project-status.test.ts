import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import { agentMarker, markerVariable } from '../agent/processes.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
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

describe('the status of a project whose owner is gone', () => {
  it('tells of a restore that was cut, until it is ended', async () => {
    await withRunnerBench(async ({ ports }) => {
      const restore: RestoreRow = {
        id: 'r1',
        kind: 'restore',
        checkpointId: 'c1',
        safetyId: null,
        only: null,
        paths: null,
        git: null,
        status: 'begun',
        undoneBy: null,
        requestedBy: 'test',
        startedAt: 0,
        endedAt: null,
        figures: null,
        problem: null,
      };
      await ports.store.write(async (tx) => {
        await tx.update('leases', { key: ['runner'], set: { renewedAt: 0 } });
        await tx.insert('restores', restore);
      });
      expect((await projectStatus(ports)).cutRestore).toEqual({ id: 'r1', checkpointId: 'c1' });
      await ports.store.write((tx) => tx.update('restores', { key: ['r1'], set: { status: 'rolled-back' } }));
      expect((await projectStatus(ports)).cutRestore).toBeNull();
    });
  });
});

describe('the status of a project whose runner died', () => {
  it('counts the processes of its agents that live on', async () => {
    await withRunnerBench(async ({ ports }) => {
      const { id } = ports.project;
      await ports.store.write(async (tx) => {
        await tx.update('leases', { key: ['runner'], set: { renewedAt: 0 } });
        const state = { kind: 'running', since: 0, epoch: 1 } as const;
        await tx.update('project', { key: [id], set: { status: 'running', state } });
      });
      expect(await projectStatus(ports)).toMatchObject({ status: 'interrupted', strayProcesses: 0 });
      const env = { ...process.env, [markerVariable]: agentMarker(id, 'ada', 'o1') };
      const stray = spawn('sh', ['-c', 'echo runs; read line'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        await once(stray.stdout, 'data');
        expect(await projectStatus(ports)).toMatchObject({ status: 'interrupted', strayProcesses: 1 });
      } finally {
        stray.kill('SIGKILL');
        await once(stray, 'close');
      }
    });
  });
});

describe('the status of an agent', () => {
  it('shows the task that it is at, not one that waits', async () => {
    expect(await shownTask({ isAlive: true })).toMatchObject({ id: 3, status: 'running' });
  });

  it('shows no task as running when nobody runs it', async () => {
    expect(await shownTask({ isAlive: false })).toMatchObject({ id: 3, status: 'held' });
  });
});
