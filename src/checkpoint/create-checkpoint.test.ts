import { describe, expect, it } from 'vitest';
import { benchFence, withRestoreBench } from '../../test/rig/restore-bench.ts';
import { isFailure } from '../failure.ts';
import type { PauseRow } from '../project/pause.ts';
import { adoptCheckpoints } from './adopt-checkpoints.ts';
import { createCheckpoint } from './create-checkpoint.ts';

const request = { trigger: 'manual', createdBy: 'test' } as const;

const pause: PauseRow = {
  id: 'z1',
  reason: null,
  requestedBy: 'test',
  requestedAt: 0,
  graceMs: 0,
  status: 'requested',
  checkpointId: null,
  draft: null,
  result: null,
  problem: null,
  endedAt: null,
};

describe('a checkpoint whose row is refused', () => {
  it('keeps the commits that it needs, for it is adopted later', async () => {
    await withRestoreBench(async ({ ports }) => {
      const released: string[] = [];
      const git = { ...ports.git, release: async (id: string) => void released.push(id) };
      const create = ports.checkpoints.create.bind(ports.checkpoints);
      ports.checkpoints.create = async (draft) => {
        const written = await create(draft);
        await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { epoch: 2 } }));
        return written;
      };
      const lost = { ...request, id: 'c1', fence: benchFence };
      const failure = await createCheckpoint({ ...ports, git }, lost).catch((error: unknown) => error);
      expect(isFailure(failure, 'stale-owner')).toBe(true);
      expect(released).toEqual([]);
      expect(await adoptCheckpoints(ports)).toEqual(['c1']);
    });
  });

  it('is not written at all when another owner came while it was read', async () => {
    await withRestoreBench(async ({ ports }) => {
      const stale = { ...request, id: 'c1', fence: { ownerId: 'another', epoch: 0 } };
      await expect(createCheckpoint(ports, stale)).rejects.toMatchObject({
        failure: { code: 'stale-owner' },
      });
      expect(await adoptCheckpoints(ports)).toEqual([]);
    });
  });

  it('is not adopted when the pause that it was made for ended with another', async () => {
    await withRestoreBench(async ({ ports }) => {
      for (const [id, pauseId] of [
        ['c1', 'z1'],
        ['c2', 'z2'],
        ['c3', 'z3'],
      ] as const) {
        await createCheckpoint(ports, { ...request, id, pauseId });
        await ports.store.write((tx) => tx.delete('checkpoints', { id }));
      }
      const ended = { status: 'finished', checkpointId: 'c0' } as const;
      await ports.store.write(async (tx) => {
        await tx.insert('pauses', { ...pause, id: 'z1', ...ended });
        await tx.insert('pauses', { ...pause, id: 'z2' });
        await tx.insert('pauses', { ...pause, id: 'z3', ...ended, checkpointId: 'c3' });
      });
      expect(await adoptCheckpoints(ports)).toEqual(['c2', 'c3']);
    });
  });

  it('lets them go when nothing was written', async () => {
    await withRestoreBench(async ({ ports }) => {
      const released: string[] = [];
      const git = { ...ports.git, release: async (id: string) => void released.push(id) };
      const tree = { ...ports.tree, scan: () => Promise.reject(new Error('the disk is gone')) };
      await expect(createCheckpoint({ ...ports, git, tree }, { ...request, id: 'c1' })).rejects.toThrow(
        'disk',
      );
      expect(released).toEqual(['c1']);
    });
  });
});
