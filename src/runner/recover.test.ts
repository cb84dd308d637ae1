import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { step } from '../../test/conformance/store-rows.ts';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { StepRow } from '../agent/step.ts';
import { createCheckpoint } from '../checkpoint/create-checkpoint.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import { restoreCheckpoint } from '../checkpoint/restore-checkpoint.ts';
import { recover } from './recover.ts';

const outcome = { summary: 'counted 3 files', isError: false };

/** What becomes of the task of a program whose runner died when the step was so. */
async function recoveredTask(run: Partial<StepRow>): Promise<unknown> {
  let task: unknown;
  await withRunnerBench(async ({ ports, held }) => {
    await ports.store.write(async (tx) => {
      const state = { kind: 'running', since: 0, epoch: 0 } as const;
      await tx.update('project', { key: ['p1'], set: { status: 'running', state } });
      await tx.insert('agents', agentRow());
      await tx.insert('tasks', taskRow());
      await tx.insert('steps', step({ kind: 'run', effect: 'idempotent', ...run }));
    });
    await recover(ports, held);
    task = (await ports.store.read((tx) => tx.get('tasks', 1)))?.state;
  });
  return task;
}

describe('recovering', () => {
  it('ends the task of a program whose end is on record, so that it does not run again', async () => {
    expect(await recoveredTask({ status: 'completed', outcome })).toMatchObject({
      kind: 'done',
      summary: outcome.summary,
    });
    expect(await recoveredTask({ status: 'failed', outcome })).toMatchObject({
      kind: 'failed',
      problem: outcome.summary,
    });
  });

  it('holds the task of a program that was running, or whose last end was that of a former run', async () => {
    expect(await recoveredTask({ status: 'started' })).toMatchObject({ kind: 'held' });
    expect(await recoveredTask({ status: 'completed', outcome, startedAt: -1 })).toMatchObject({
      kind: 'held',
    });
  });

  it('goes on cleaning up after a restore that is finished but could not clean up itself', async () => {
    await withRunnerBench(async ({ ports, held }) => {
      const file = join(ports.projectDir, 'a');
      await writeFile(file, 'old');
      const { row } = await createCheckpoint(ports, { trigger: 'manual', createdBy: 'test' });
      await writeFile(file, 'new');
      const writer = Object.assign(Object.create(ports.writer) as typeof ports.writer, {
        check: () => Promise.resolve(),
        prepare: ports.writer.prepare.bind(ports.writer),
        apply: ports.writer.apply.bind(ports.writer),
        finish: () => Promise.reject(new Error('the directory may not be written just now')),
      });
      const asked = { restoreId: 'r1', kind: 'restore', requestedBy: 'test', fence: held.fence } as const;
      const restored = await restoreCheckpoint({ ...ports, writer }, { ...asked, checkpointId: row.id });
      expect(restored.status).toBe('finished');
      expect(await ports.writer.open()).toEqual(['r1']);
      await recover(ports, held);
      expect(await ports.writer.open()).toEqual([]);
    });
  });
});

describe('a restore that was cut', () => {
  it('is told of by who ends it', async () => {
    await withRunnerBench(async ({ ports, held }) => {
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
      await ports.store.write((tx) => tx.insert('restores', restore));
      const told: unknown[] = [];
      await recover({ ...ports, onRecovered: (recovered) => told.push(recovered) }, held);
      expect(told).toEqual([{ restoreId: 'r1', checkpointId: 'c1', how: 'rolled-back', left: [] }]);
    });
  });
});
