import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRestoreBench, type RestoreBench } from '../../test/rig/restore-bench.ts';
import { item, step, task } from '../../test/conformance/store-rows.ts';
import { openMemoryStore } from '../adapters/store-memory/memory-store.ts';
import { FileTreeWriter } from '../adapters/tree-writer/tree-writer.ts';
import { makeDrillDirectory } from '../adapters/work-tree/drill-directory.ts';
import { openWorkTree } from '../adapters/work-tree/fs-work-tree.ts';
import type { DrillSite } from './drill-restore.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

const openDrill = async (): Promise<DrillSite> => {
  const directory = makeDrillDirectory();
  const { root, dataDir } = directory;
  return {
    tree: openWorkTree({ root, dataDir, ignored: async () => [] }),
    writer: new FileTreeWriter({ root, journalDir: join(dataDir, 'journal') }),
    store: openMemoryStore(),
    close: async () => directory.remove(),
  };
};

async function fill({ root, ports }: RestoreBench): Promise<void> {
  mkdirSync(join(root, 'locked/deep'), { recursive: true });
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'locked/deep/a'), 'a');
  writeFileSync(join(root, 'run'), '#!/bin/sh\n', { mode: 0o750 });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x6e, 0xff, 0x0a])]), 'odd');
  symlinkSync('../outside', join(root, 'link'));
  chmodSync(join(root, 'locked/deep'), 0o555);
  await ports.store.write(async (tx) => {
    await tx.insert('tasks', task({ id: 1 }));
    await tx.insert('steps', step({ seq: 1 }));
    await tx.insert('context_items', item({ seq: 1, text: 'half \ud800' }));
  });
}

/** The checkpoints of a bench, of which one says something else than it did. */
function telling(
  bench: RestoreBench,
  change: (stored: StoredCheckpoint) => StoredCheckpoint,
): RestoreBench['ports'] {
  const { checkpoints } = bench.ports;
  return {
    ...bench.ports,
    checkpoints: {
      create: (draft) => checkpoints.create(draft),
      open: async (id) => change(await checkpoints.open(id)),
      ids: () => checkpoints.ids(),
      verify: (id, seen) => checkpoints.verify(id, seen),
      check: () => checkpoints.check(),
      close: () => checkpoints.close(),
    },
  };
}

describe('verifying checkpoints', () => {
  it('reads everything, and a drill brings back bytes, modes, links and rows', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      const ids = [await bench.checkpoint(), await bench.checkpoint()];
      const told: string[] = [];
      const checked = await verifyCheckpoints(bench.ports, {
        openDrill,
        onProgress: (one, done, of) => told.push(`${one.id} ${done}/${of}`),
      });
      expect(checked.map(({ id, problem, drilled }) => ({ id, problem, drilled }))).toEqual(
        ids.map((id) => ({ id, problem: null, drilled: true })),
      );
      expect(checked[0]).toMatchObject({ whole: true, unlisted: false, files: 4 });
      expect(told).toEqual([`${ids[0]} 1/2`, `${ids[1]} 2/2`]);
      chmodSync(join(bench.root, 'locked/deep'), 0o755);
    });
  });

  it('tells of one that is in the list and not in the store, and goes on', async () => {
    await withRestoreBench(async (bench) => {
      const id = await bench.checkpoint();
      const [row] = await bench.ports.store.read((tx) => tx.list('checkpoints'));
      if (row === undefined) throw new Error('no row');
      await bench.ports.store.write((tx) => tx.insert('checkpoints', { ...row, id: 'clost', createdAt: 1 }));
      const checked = await verifyCheckpoints(bench.ports);
      expect(checked.map((one) => [one.id, one.whole])).toEqual([
        ['clost', false],
        [id, true],
      ]);
      expect(checked[0]?.problem).toMatchObject({ part: 'all' });
    });
  });

  it('tells of a row that names another commit, and of a checkpoint that is not in the list', async () => {
    await withRestoreBench(async (bench) => {
      const id = await bench.checkpoint();
      await bench.ports.store.write((tx) =>
        tx.update('checkpoints', { key: [id], set: { commit: '0'.repeat(40) } }),
      );
      expect((await verifyCheckpoints(bench.ports))[0]?.problem).toMatchObject({ part: 'commit' });
      await bench.ports.store.write((tx) => tx.delete('checkpoints', { id }));
      expect(await verifyCheckpoints(bench.ports)).toMatchObject([{ id, whole: true, unlisted: true }]);
    });
  });

  it('names the part of which the manifest counts otherwise', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      await bench.checkpoint();
      const parts = async (change: Partial<StoredCheckpoint['manifest']>): Promise<string | undefined> => {
        const ports = telling(bench, (stored) => ({
          id: stored.id,
          commit: stored.commit,
          manifest: { ...stored.manifest, ...change },
          code: () => stored.code(),
          codeAt: (paths) => stored.codeAt(paths),
          partPaths: (prefix) => stored.partPaths(prefix),
          part: (path) => stored.part(path),
          objects: (ids) => stored.objects(ids),
        }));
        return (await verifyCheckpoints(ports))[0]?.problem?.part;
      };
      expect(await parts({})).toBe(undefined);
      expect(await parts({ files: 5 })).toBe('code');
      expect(await parts({ bytes: 0 })).toBe('code');
      expect(await parts({ counts: { steps: 2 } })).toBe('state/steps/');
      expect(await parts({ projectId: 'p2' })).toBe('manifest.json');
      chmodSync(join(bench.root, 'locked/deep'), 0o755);
    });
  });

  it('finds by the drill what a restore does not bring back', async () => {
    await withRestoreBench(async (bench) => {
      await fill(bench);
      await bench.checkpoint();
      const blind = async (): Promise<DrillSite> => {
        const site = await openDrill();
        const { writer } = site;
        return {
          ...site,
          writer: {
            check: (operations) => writer.check(operations),
            prepare: (job, contents) =>
              writer.prepare(
                { ...job, operations: job.operations.filter(({ path }) => path !== 'run') },
                contents,
              ),
            apply: (id) => writer.apply(id),
            finish: (id) => writer.finish(id),
            rollBack: (id) => writer.rollBack(id),
            forget: (id) => writer.forget(id),
            open: () => writer.open(),
            writersOf: (paths) => writer.writersOf(paths),
          },
        };
      };
      const [checked] = await verifyCheckpoints(bench.ports, { openDrill: blind });
      expect(checked?.problem?.part).toBe('code/run');
      chmodSync(join(bench.root, 'locked/deep'), 0o755);
    });
  });
});
