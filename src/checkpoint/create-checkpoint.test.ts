import { describe, expect, it } from 'vitest';
import { benchFence, withRestoreBench } from '../../test/rig/restore-bench.ts';
import { isFailure } from '../failure.ts';
import { adoptCheckpoints, createCheckpoint } from './create-checkpoint.ts';

const request = { trigger: 'manual', createdBy: 'test' } as const;

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
