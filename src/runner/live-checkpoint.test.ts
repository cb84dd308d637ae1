import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchFence } from '../../test/rig/restore-bench.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { CheckpointRequestRow } from '../checkpoint/checkpoint.ts';
import type { WorkTree } from '../checkpoint/work-tree.ts';
import type { RunnerPorts } from './ports.ts';
import { checkpointProject, serveCheckpoint } from './live-checkpoint.ts';
import { restoreProject } from './restore-project.ts';
import { StepGate } from './step-gate.ts';

/** A project without an owner. */
function withFreeProject(work: (ports: RunnerPorts) => Promise<void>): Promise<void> {
  return withRunnerBench(async ({ ports }) => {
    await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: null } }));
    await work(ports);
  });
}

describe('a checkpoint by hand', () => {
  it('keeps everybody from restoring while it reads the files', async () => {
    await withFreeProject(async (ports) => {
      await writeFile(join(ports.projectDir, 'a'), 'old');
      const { id: checkpointId } = await checkpointProject(ports, {});
      const refused: unknown[] = [];
      const tree: WorkTree = {
        root: ports.tree.root,
        scan: async (options) => {
          refused.push(await restoreProject(ports, { checkpointId }).catch((error: unknown) => error));
          return ports.tree.scan(options);
        },
        read: (path) => ports.tree.read(path),
        remember: (objects) => ports.tree.remember(objects),
        inspect: (paths) => ports.tree.inspect(paths),
      };
      const row = await checkpointProject({ ...ports, tree }, { name: 'mine' });
      expect(row.name).toBe('mine');
      expect(refused).toMatchObject([{ failure: { code: 'project-owned', command: 'library checkpoint' } }]);
      expect((await restoreProject(ports, { checkpointId })).status).toBe('finished');
    });
  });
});

describe('a checkpoint that is asked of the runner', () => {
  const request = (id: string, change: Partial<CheckpointRequestRow> = {}): CheckpointRequestRow => ({
    id,
    name: null,
    reason: null,
    requestedBy: 'somebody',
    requestedAt: 1,
    status: 'requested',
    checkpointId: null,
    heldMs: null,
    problem: null,
    endedAt: null,
    requester: null,
    ...change,
  });

  it('tells in its row, its manifest and its event how long the agents were held, and lets them go', async () => {
    await withRunnerBench(async ({ ports }) => {
      const gate = new StepGate();
      await ports.store.write((tx) => tx.insert('checkpoint_requests', request('casked')));
      await serveCheckpoint(ports, { fence: benchFence, gate });
      const { row, event } = await ports.store.read(async (tx) => ({
        row: await tx.get('checkpoints', 'casked'),
        event: (await tx.list('events', { where: { type: 'checkpoint-created' } })).at(-1),
      }));
      expect(row?.heldMs).toEqual(expect.any(Number));
      expect((await ports.checkpoints.open('casked')).manifest.heldMs).toBe(row?.heldMs);
      expect(event?.data).toMatchObject({ heldMs: row?.heldMs });
      (await gate.enter({ kind: 'tool', effect: 'keyed' }))();
    });
  });

  it('is dropped when the process that asked has died, and the next one is made', async () => {
    await withRunnerBench(async ({ ports }) => {
      const dead = { ...ports.processes.identity(), pid: 2 ** 22 + 1 };
      await ports.store.write(async (tx) => {
        await tx.insert('checkpoint_requests', request('cdead', { requester: dead }));
        const requester = ports.processes.identity();
        await tx.insert('checkpoint_requests', request('calive', { requester, requestedAt: 2 }));
      });
      await serveCheckpoint(ports, { fence: benchFence, gate: new StepGate() });
      const rows = await ports.store.read((tx) => tx.list('checkpoint_requests', { orderBy: 'requestedAt' }));
      expect(rows).toMatchObject([
        { id: 'cdead', status: 'failed', problem: 'who asked for it is gone' },
        { id: 'calive', status: 'finished', checkpointId: 'calive' },
      ]);
      expect(await ports.checkpoints.ids()).toEqual(['calive']);
    });
  });
});
