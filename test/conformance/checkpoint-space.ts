import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointSpace } from '../../src/checkpoint/checkpoint-space.ts';
import type { CheckpointStore } from '../../src/checkpoint/checkpoint-store.ts';
import { draftOf, file } from './checkpoint-store.ts';

export interface CheckpointSpaceMaker {
  readonly name: string;
  create(): Promise<{
    readonly store: CheckpointStore & CheckpointSpace;
    destroy(): Promise<void>;
  }>;
}

/** Does not compress. */
export function noise(length: number, seed: number): string {
  let text = '';
  while (text.length < length)
    text += createHash('sha256').update(`${seed} ${text.length}`).digest().toString('latin1');
  return text.slice(0, length);
}

/** What every adapter of the `CheckpointSpace` port promises. */
export function describeCheckpointSpace(maker: CheckpointSpaceMaker): void {
  describe(`checkpoint space: ${maker.name}`, () => {
    let made: Awaited<ReturnType<CheckpointSpaceMaker['create']>>;
    let store: CheckpointStore & CheckpointSpace;
    beforeEach(async () => {
      made = await maker.create();
      store = made.store;
    });
    afterEach(() => made.destroy());

    const bytesOf = async (id: string, path: string): Promise<string> => {
      const stored = await store.open(id);
      const entry = (await stored.code()).find((one) => one.path === path);
      if (entry?.kind !== 'file') throw new Error(`there is no file ${path}`);
      for await (const { bytes } of stored.objects([entry.object]))
        return Buffer.from(bytes).toString('latin1');
      throw new Error('nothing was read');
    };

    it('takes checkpoints away, and nothing when they are not there', async () => {
      await store.remove(['cnone']);
      for (const id of ['c1', 'c2', 'c3']) await store.create(draftOf(id, [file('a', id)]));
      await store.remove(['c1', 'cnone', 'c3']);
      await store.remove(['c1']);
      expect(await store.ids()).toEqual(['c2']);
      await expect(store.open('c1')).rejects.toMatchObject({ failure: { code: 'unknown-id' } });
      expect(await bytesOf('c2', 'a')).toBe('c2');
    });

    it('frees what no checkpoint needs, and keeps what one does', async () => {
      const shared = noise(10_000, 1);
      await store.create(draftOf('c1', [file('a', shared), file('b', noise(50_000, 2))]));
      await store.create(draftOf('c2', [file('a', shared), file('b', 'small')]));
      await store.remove(['c1']);
      const freed = await store.reclaim();
      expect(freed?.bytesBefore).toBeGreaterThan(60_000);
      expect(freed?.bytesAfter).toBeLessThan(20_000);
      expect(await store.diskBytes()).toBe(freed?.bytesAfter);
      await store.verify('c2');
      expect(await bytesOf('c2', 'a')).toBe(shared);
    });

    it('goes on writing after its space was reclaimed, also when nothing was left', async () => {
      await store.create(draftOf('c1', [file('a', 'A'), file('b', 'B')]));
      await store.remove(['c1']);
      await store.reclaim();
      await store.create(draftOf('c2', [file('a', 'A'), file('b', 'B')]));
      await store.reclaim();
      await store.reclaim();
      await store.create(draftOf('c3', [file('a', 'A'), file('c', 'C')]));
      await store.verify('c2');
      await store.verify('c3');
      expect(await bytesOf('c3', 'a')).toBe('A');
    });

    it('reclaims where there is no store yet', async () => {
      expect(await store.reclaim()).toEqual({ bytesBefore: 0, bytesAfter: 0 });
      expect(await store.sizes([])).toEqual([]);
      expect(await store.diskBytes()).toBe(0);
      expect(await store.cut()).toEqual([]);
    });

    it('refuses a file by an object whose space was reclaimed', async () => {
      const { objects } = await store.create(draftOf('c1', [file('a', 'AAA')]));
      await store.create(draftOf('c2', [file('b', 'B')]));
      await store.remove(['c1']);
      await store.reclaim();
      const object = objects.get('a') ?? '';
      const lost = draftOf('c3', [{ kind: 'file', path: 'a', mode: 0o644, object, size: 3 }]);
      await expect(store.create(lost)).rejects.toMatchObject({ failure: { code: 'corrupt-store' } });
      expect(await store.ids()).toEqual(['c2']);
    });

    it('says what each takes besides those before it, and what only it has', async () => {
      const [shared, own1, own2] = [noise(30_000, 3), noise(20_000, 4), noise(10_000, 5)];
      await store.create(draftOf('c1', [file('a', shared), file('b', own1)]));
      await store.create(draftOf('c2', [file('a', shared), file('c', own2)]));
      const [first, second] = await store.sizes(['c1', 'c2']);
      expect(first?.id).toBe('c1');
      expect(first?.addedBytes).toBeGreaterThanOrEqual(50_000);
      expect(first?.uniqueBytes).toBeGreaterThanOrEqual(20_000);
      expect(first?.uniqueBytes).toBeLessThan(25_000);
      expect(second?.addedBytes).toBeGreaterThanOrEqual(10_000);
      expect(second?.addedBytes).toBeLessThan(15_000);
      expect(second?.uniqueBytes).toBe(second?.addedBytes);
      const [alone] = await store.sizes(['c2']);
      expect(alone?.uniqueBytes).toBeGreaterThanOrEqual(40_000);
      expect(await store.sizes(['cnone', 'c2'])).toEqual([
        { id: 'cnone', addedBytes: 0, uniqueBytes: 0 },
        alone,
      ]);
    });
  });
}
