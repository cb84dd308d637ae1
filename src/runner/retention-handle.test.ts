import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import { createCheckpoint } from '../checkpoint/create-checkpoint.ts';
import { findCheckpoint } from '../checkpoint/find-checkpoint.ts';
import { sweepCut } from '../checkpoint/retention-reclaim.ts';
import type { RetentionPorts } from '../checkpoint/retention-delete.ts';
import type { RunnerPorts } from './ports.ts';
import { retentionHandle, type RetentionHandle } from './retention-handle.ts';

interface Bench {
  readonly ports: RunnerPorts;
  readonly retention: RetentionHandle;
  /** Makes checkpoints with these names, a minute between each and the next; answers their ids. */
  readonly make: (...names: readonly string[]) => Promise<readonly string[]>;
  readonly listed: () => Promise<readonly string[]>;
  readonly events: () => Promise<readonly string[]>;
  readonly git: (...args: readonly string[]) => string;
}

/** A project in a git repository, without an owner. */
function withBench(work: (bench: Bench) => Promise<void>): Promise<void> {
  return withRunnerBench(async ({ ports }) => {
    let minutes = 0;
    const clock = { ...ports.clock, now: () => Date.UTC(2026, 0, 1) + minutes * 60_000 };
    const timed = { ...ports, clock };
    await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: null } }));
    const git = (...args: readonly string[]): string =>
      execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
        cwd: ports.projectDir,
      }).toString();
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'first');
    await work({
      ports: timed,
      git,
      retention: retentionHandle(timed),
      listed: async () => {
        const where = { deletedAt: null };
        return (await ports.store.read((tx) => tx.list('checkpoints', { where, orderBy: 'createdAt' }))).map(
          (row) => row.name ?? row.id,
        );
      },
      events: async () =>
        (await ports.store.read((tx) => tx.list('events')))
          .map(({ type }) => type)
          .filter((type) => type !== 'checkpoint-created'),
      async make(...names) {
        const ids: string[] = [];
        for (const name of names) {
          minutes += 1;
          writeFileSync(join(ports.projectDir, 'file'), name.repeat(50));
          ids.push((await createCheckpoint(timed, { name, trigger: 'manual', createdBy: 'test' })).row.id);
        }
        return ids;
      },
    });
    await timed.space.reclaim();
  });
}

const refusal = (code: string, more: object = {}): object => ({ failure: { code, ...more } });

describe('a deleted checkpoint', () => {
  it('is in no list, says where it is, and comes back', async () => {
    await withBench(async ({ ports, retention, make, listed, events }) => {
      const [first = ''] = await make('first', 'second');
      await retention.delete('first');
      expect(await listed()).toEqual(['second']);
      expect((await retention.deleted()).map(({ id }) => id)).toEqual([first]);
      await expect(findCheckpoint(ports.store, 'first')).rejects.toMatchObject(refusal('checkpoint-deleted'));
      await retention.undelete('first');
      await retention.undelete('first');
      expect(await listed()).toEqual(['first', 'second']);
      await ports.checkpoints.verify(first);
      expect(await events()).toEqual(['checkpoint-deleted', 'checkpoint-undeleted']);
    });
  });

  it('is never the last one that is left', async () => {
    await withBench(async ({ retention, make }) => {
      const [first = ''] = await make('first', 'second');
      await retention.delete('first');
      await expect(retention.delete('first')).rejects.toMatchObject(
        refusal('checkpoint-deleted', { id: first }),
      );
      await expect(retention.delete('second')).rejects.toMatchObject(
        refusal('checkpoint-needed', { needs: ['newest'] }),
      );
    });
  });

  it('is gone for good when its space is reclaimed, with its ref in the repository', async () => {
    await withBench(async ({ ports, retention, make, listed, events, git }) => {
      const [first = '', second = ''] = await make('first', 'second');
      expect(git('for-each-ref', 'refs/codeframe').trim().split('\n')).toHaveLength(2);
      await retention.delete('first');
      expect((await retention.reclaim({ forMs: 1 })).checkpointIds).toEqual([]);
      const report = await retention.reclaim();
      expect(report.checkpointIds).toEqual([first]);
      expect(report.freedBytes).toBeGreaterThan(0);
      expect(await ports.checkpoints.ids()).toEqual([second]);
      expect(git('for-each-ref', '--format=%(refname)', 'refs/codeframe').trim()).toBe(
        `refs/codeframe/${second}`,
      );
      await expect(retention.undelete(first)).rejects.toMatchObject(refusal('unknown-id'));
      await ports.checkpoints.verify(second);
      expect(await listed()).toEqual(['second']);
      expect(await events()).toEqual(['checkpoint-deleted', 'checkpoint-reclaimed']);
    });
  });

  it('is reclaimed to the end by the next one when the first was killed after it had begun', async () => {
    await withBench(async ({ ports, retention, make }) => {
      const [first = ''] = await make('first', 'second');
      await retention.delete('first');
      const killed = { ...ports.space, remove: () => Promise.reject(new Error('killed')) };
      await expect(
        retentionHandle({ ...ports, space: { ...ports.space, ...killed } }).reclaim(),
      ).rejects.toThrow('killed');
      await expect(retention.undelete(first)).rejects.toMatchObject(refusal('unknown-id'));
      expect((await retention.reclaim({ forMs: 1e9 })).checkpointIds).toEqual([first]);
      expect(await ports.checkpoints.ids()).not.toContain(first);
    });
  });
});

describe('what is needed', () => {
  const paused = async (ports: RetentionPorts, checkpointId: string): Promise<void> => {
    const state = { kind: 'paused', since: 1, pauseId: 'z1', checkpointId, from: 'running' } as const;
    await ports.store.write((tx) =>
      tx.update('project', { key: [ports.project.id], set: { status: 'paused', state } }),
    );
  };

  it('is deleted neither by hand nor by a rule: a pin, the paused project, a restore, an undo', async () => {
    await withBench(async ({ ports, retention, make, listed }) => {
      const ids = await make('pinned', 'paused', 'target', 'safety', 'none', 'last');
      const [, pausedId = '', target = '', safety = ''] = ids;
      await retention.pin('pinned', true);
      await paused(ports, pausedId);
      await ports.store.write((tx) =>
        tx.insert('restores', {
          id: 'r1',
          kind: 'restore',
          checkpointId: target,
          safetyId: safety,
          only: null,
          paths: null,
          git: null,
          status: 'begun',
          undoneBy: null,
          requestedBy: 'test',
          startedAt: 1,
          endedAt: null,
          figures: null,
          problem: null,
        }),
      );
      for (const [name, need] of [
        ['pinned', 'pinned'],
        ['paused', 'paused'],
        ['target', 'restore'],
        ['safety', 'restore'],
      ] as const)
        await expect(retention.delete(name)).rejects.toMatchObject(
          refusal('checkpoint-needed', { needs: [need] }),
        );
      const { kept, deleted } = await retention.cleanUp({ rules: { keep: 1 } });
      expect(kept.map(({ name, reasons }) => [name, reasons])).toEqual([
        ['last', ['keep', 'newest', 'latest']],
        ['safety', ['restore']],
        ['target', ['restore']],
        ['paused', ['paused']],
        ['pinned', ['pinned']],
      ]);
      expect(deleted.map(({ name }) => name)).toEqual(['none']);
      await ports.store.write((tx) =>
        tx.update('restores', { key: ['r1'], set: { status: 'finished', endedAt: ports.clock.now() } }),
      );
      await retention.delete('target');
      await expect(retention.delete('safety')).rejects.toMatchObject(
        refusal('checkpoint-needed', { needs: ['undo'] }),
      );
      await retention.pin('pinned', false);
      await retention.delete('pinned');
      expect(await listed()).toEqual(['paused', 'safety', 'last']);
      const long = ports.clock.now() - ports.checkpointSettings.undoForMs - 1;
      await ports.store.write((tx) => tx.update('restores', { key: ['r1'], set: { endedAt: long } }));
      await retention.delete('safety');
    });
  });
});

describe('a clean-up', () => {
  it('says what it would do and does it, and refuses rules that say nothing or keep nothing', async () => {
    await withBench(async ({ retention, make, listed }) => {
      await make('a', 'b', 'c');
      for (const rules of [{}, { keepNames: [] }])
        await expect(retention.cleanUp({ rules })).rejects.toMatchObject(refusal('wrong-usage'));
      for (const rules of [{ keep: 0 }, { keepNames: ['x*'] }, { keepWithinMs: -1 }])
        await expect(retention.cleanUp({ rules })).rejects.toMatchObject(
          refusal('rules-keep-nothing', { count: 3 }),
        );
      const dry = await retention.cleanUp({ rules: { keep: 1, keepNames: ['a'] }, dryRun: true });
      expect(dry.deleted.map(({ name }) => name)).toEqual(['b']);
      expect(await listed()).toEqual(['a', 'b', 'c']);
      await retention.cleanUp({ rules: { keep: 1, keepNames: ['a'] } });
      expect(await listed()).toEqual(['a', 'c']);
    });
  });

  it('keeps within a size, measured in the store', async () => {
    await withBench(async ({ ports, retention, make, listed }) => {
      const ids = await make('a', 'b', 'c', 'd');
      const sizes = await ports.space.sizes(ids.toReversed());
      const room = sizes.slice(0, 2).reduce((sum, { addedBytes }) => sum + addedBytes, 0);
      const { kept } = await retention.cleanUp({ rules: { maxSizeBytes: room } });
      expect(await listed()).toEqual(['c', 'd']);
      expect(kept.map(({ reasons }) => reasons)).toEqual([['max-size', 'newest', 'latest'], ['max-size']]);
    });
  });
});

describe('the disk', () => {
  it('is told by part and by checkpoint, with what reclaiming would free', async () => {
    await withBench(async ({ retention, make }) => {
      await make('a', 'b');
      await retention.delete('a');
      const report = await retention.disk();
      expect(report.parts.store).toBeGreaterThan(1000);
      expect(report.totalBytes).toBe(Object.values(report.parts).reduce((sum, bytes) => sum + bytes, 0));
      expect(report.checkpoints.map(({ name, deleted }) => [name, deleted])).toEqual([
        ['b', false],
        ['a', true],
      ]);
      expect(report.reclaimableBytes).toBeGreaterThan(0);
      const { freedBytes } = await retention.reclaim();
      expect(freedBytes).toBeGreaterThan(0);
      expect((await retention.disk()).reclaimableBytes).toBe(0);
    });
  });
});

describe('a capture that was killed', () => {
  it('leaves no ref in the repository: what it marked is swept', async () => {
    await withBench(async ({ ports, make, git }) => {
      await make('whole');
      const making = join(ports.projectDir, '../data/store.git/making');
      mkdirSync(making, { recursive: true });
      const captured = await ports.git.capture();
      if (captured !== null) await ports.git.keep('ckilled', captured);
      writeFileSync(join(making, 'ckilled'), String(2 ** 22 + 1));
      writeFileSync(join(making, 'calive'), String(process.pid));
      expect(await sweepCut(ports)).toEqual(['ckilled']);
      expect(git('for-each-ref', 'refs/codeframe')).not.toContain('ckilled');
      expect(await sweepCut(ports)).toEqual([]);
    });
  });
});
