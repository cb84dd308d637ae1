import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recoverRestores } from '../../src/checkpoint/recover-restore.ts';
import type { RestoreRow } from '../../src/checkpoint/restore.ts';
import { task } from '../conformance/store-rows.ts';
import {
  cloneDirectory,
  commitOf,
  killedRestore,
  withStoredBench,
  type RanRestore,
} from '../rig/killed-restore.ts';
import { treeOf, type ModelNode, type ModelTree } from '../rig/random-tree.ts';
import { makeTree, readTree, withDirectory } from '../rig/real-tree.ts';
import { benchFence, type RestoreBench } from '../rig/restore-bench.ts';

/** Every kind of operation is on the way from one to the other. */
const saved = treeOf([
  ['changed', file('saved')],
  ['deleted/sub/file', file('saved')],
  ['dir-then-file/a', file('saved')],
  ['empty', { kind: 'directory', mode: 0o700 }],
  ['file-then-dir', file('saved')],
  ['link', { kind: 'link', target: 'changed' }],
  ['mode', file('same', 0o755)],
  ['same', file('same')],
]);
const present = treeOf([
  ['added/sub/file', file('present')],
  ['changed', file('present')],
  ['dir-then-file', file('present')],
  ['empty', { kind: 'directory', mode: 0o755 }],
  ['file-then-dir/a/b', file('present')],
  ['link', { kind: 'link', target: 'elsewhere' }],
  ['mode', file('same', 0o644)],
  ['same', file('same')],
]);

describe('a restore that is killed', () => {
  it('is finished or rolled back by the next command, at whichever step it was', async () => {
    await withScene(async ({ checkpointId, steps, run }) => {
      const ends: string[] = [];
      for (let step = 1; step <= steps.length; step++) {
        const died = await run(step, async (bench) => {
          await recoverRestores(bench.ports, benchFence);
          ends.push(await expectWhole(bench));
          // It takes longer than all the rest.
          if (step % 7 === 0) await expectUsable(bench, checkpointId);
        });
        expect(died).toBe(true);
      }
      console.log(`killed at each of ${steps.length} steps of a restore`);
      const commit = commitOf(steps);
      expect(ends).toEqual(steps.map((_, index) => (index < commit ? 'present' : 'saved')));
    });
  });

  it('is finished or rolled back also when the recovery is killed, at whichever step', async () => {
    await withScene(async ({ steps, runTwice }) => {
      for (const [first, end] of [
        [steps.lastIndexOf('sync', commitOf(steps)) + 1, 'present'],
        [commitOf(steps) + 1, 'saved'],
      ] as const) {
        let killed = 0;
        for (let step = 1; ; step++) {
          const died = await runTwice(first, step, async (bench) => {
            await recoverRestores(bench.ports, benchFence);
            expect(await expectWhole(bench)).toBe(end);
          });
          if (!died) break;
          killed = step;
        }
        console.log(`killed at each of ${killed} steps of the recovery from step ${first}`);
        expect(killed).toBeGreaterThan(20);
      }
    });
  });

  it('overwrites nothing that somebody wrote after the kill', async () => {
    await withScene(async ({ steps, run }) => {
      await run(steps.lastIndexOf('move-aside') + 1, async (bench) => {
        for (const name of ['changed', 'new']) await writeFile(join(bench.root, name), 'after the kill');
        const recovered = await recoverRestores(bench.ports, benchFence);
        expect(recovered).toMatchObject([{ how: 'rolled-back', left: ['changed'] }]);
        const tree = await readTree(bench.root);
        for (const name of ['changed', 'new']) {
          expect(tree.get(name)).toMatchObject({ text: 'after the kill' });
        }
        const rest = (all: ModelTree): unknown[] =>
          [...all].filter(([path]) => path !== 'changed' && path !== 'new');
        expect(rest(tree)).toEqual(rest(present));
      });
    });
  });
});

interface Scene {
  readonly checkpointId: string;
  /** The names of the steps of a restore that nobody kills. */
  readonly steps: readonly string[];
  /** On a fresh copy: a restore that is killed at a step, then `check`. Answers false when it came to its end. */
  readonly run: (step: number, check: (bench: RestoreBench) => Promise<void>) => Promise<boolean>;
  /** The same, with a recovery that is killed after it. Answers whether the recovery was. */
  readonly runTwice: (
    step: number,
    second: number,
    check: (bench: RestoreBench) => Promise<void>,
  ) => Promise<boolean>;
}

async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const run = await killedRestore();
  await withDirectory(async (directory) => {
    const origin = join(directory, 'origin');
    const copy = join(directory, 'copy');
    const checkpointId = await prepare(origin);
    const fresh = (): void => cloneDirectory(origin, copy);
    let cutAt = 0;
    const start = (step: number, what: string): Promise<RanRestore> => run([copy, String(step), what]);
    fresh();
    const { steps } = await start(0, checkpointId);
    await work({
      checkpointId,
      steps,
      async run(step, check) {
        fresh();
        const { killed } = await start(step, checkpointId);
        await withStoredBench(copy, check);
        return killed;
      },
      async runTwice(step, second, check) {
        const cut = join(directory, 'cut');
        if (cutAt !== step) {
          fresh();
          expect((await start(step, checkpointId)).killed).toBe(true);
          cloneDirectory(copy, cut);
          cutAt = step;
        }
        cloneDirectory(cut, copy);
        const { killed } = await start(second, 'recover');
        await withStoredBench(copy, check);
        return killed;
      },
    });
  });
}

async function prepare(directory: string): Promise<string> {
  return withStoredBench(directory, async ({ root, ports, checkpoint }) => {
    await makeTree(root, saved);
    await ports.store.write((tx) => tx.insert('tasks', task({ title: 'saved' })));
    const id = await checkpoint();
    await makeTree(root, present);
    await ports.store.write((tx) => tx.update('tasks', { key: [1], set: { title: 'present' } }));
    return id;
  });
}

/** All of one of the two states, never a mix; answers which. */
async function expectWhole({ root, ports }: RestoreBench): Promise<'saved' | 'present'> {
  const tree = await readTree(root);
  const { title, restore } = await ports.store.read(async (tx) => ({
    title: (await tx.get('tasks', 1))?.title,
    restore: (await tx.list('restores'))[0],
  }));
  expect(['saved', 'present']).toContain(title);
  expect(tree).toEqual(title === 'saved' ? saved : present);
  expectEnded(restore, title);
  expect(await ports.writer.open()).toEqual([]);
  return title === 'saved' ? 'saved' : 'present';
}

function expectEnded(restore: RestoreRow | undefined, title: string | undefined): void {
  if (title === 'saved')
    expect(restore).toMatchObject({ status: 'finished', endedAt: expect.any(Number) as number });
  else if (restore !== undefined) expect(restore.status).toBe('rolled-back');
}

/** Restoring and undoing work, whatever happened before. */
async function expectUsable({ root, restore, undo }: RestoreBench, checkpointId: string): Promise<void> {
  const before = await readTree(root);
  await restore(checkpointId);
  expect(await readTree(root)).toEqual(saved);
  await undo();
  expect(await readTree(root)).toEqual(before);
  expect((await readdir(root)).filter((name) => name.startsWith('.codeframe'))).toEqual([]);
}

function file(text: string, mode = 0o644): ModelNode {
  return { kind: 'file', mode, text };
}
