import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recoverRestores } from '../../src/checkpoint/recover-restore.ts';
import type { TargetRequest } from '../../src/checkpoint/restore-intent.ts';
import { readUndoStacks } from '../../src/checkpoint/undo.ts';
import { GitScene } from '../rig/git-scene.ts';
import {
  cloneDirectory,
  commitOf,
  killedRestore,
  withStoredBench,
  type RanRestore,
} from '../rig/killed-restore.ts';
import { treeOf, type ModelNode } from '../rig/random-tree.ts';
import { makeTree, readTree, withDirectory } from '../rig/real-tree.ts';
import { benchFence, type RestoreBench } from '../rig/restore-bench.ts';

const saved = treeOf([
  ['a', file('saved')],
  ['deep/b', file('saved')],
  ['c', file('saved')],
]);
const present = treeOf([
  ['a', file('present')],
  ['deep', file('a file now')],
  ['c', file('present')],
]);

describe('killed at each step, and finished or rolled back by the next command:', () => {
  it('a restore of some paths, and the redo of it', async () => {
    const limits = { paths: ['a', 'deep'] };
    await withScript(async ({ kill }) => {
      const prepare = (directory: string): Promise<string> => prepareTree(directory);
      await kill({ prepare, limits });
      await kill({
        async prepare(directory) {
          const id = await prepare(directory);
          await withStoredBench(directory, async ({ restore, undo }) => {
            await restore(id, limits);
            await undo();
          });
          return 'redo';
        },
        every: 3,
      });
    });
  });

  it('a restore with git in the middle of a merge, and the undo of it', async () => {
    await withScript(async ({ kill }) => {
      await kill({ prepare: prepareMerge, limits: { git: { refs: [] } } });
      await kill({
        async prepare(directory) {
          const id = await prepareMerge(directory);
          await withStoredBench(directory, ({ restore }) => restore(id, { git: true }));
          return 'undo';
        },
        every: 3,
      });
    });
  });
});

async function prepareTree(directory: string): Promise<string> {
  return withStoredBench(directory, async ({ root, checkpoint }) => {
    await makeTree(root, saved);
    const id = await checkpoint();
    await makeTree(root, present);
    return id;
  });
}

/** A checkpoint in the middle of a merge with a conflict; now it is committed, and the branch is another. */
async function prepareMerge(directory: string): Promise<string> {
  return withStoredBench(directory, async ({ root, checkpoint }) => {
    const git = new GitScene(root);
    const write = (text: string): void => writeFileSync(join(root, 'a'), text);
    git.init();
    for (const [branch, text] of [
      ['main', 'first'],
      ['theirs', 'theirs'],
      ['main', 'ours'],
    ] as const) {
      if (text === 'theirs') git.git('checkout', '--quiet', '-b', branch);
      if (text === 'ours') git.git('checkout', '--quiet', branch);
      write(text);
      git.commitAll(text);
    }
    expect(git.tryGit('merge', 'theirs')).toBe(false);
    const id = await checkpoint();
    write('both');
    git.commitAll('merged');
    git.git('checkout', '--quiet', '-b', 'other');
    return id;
  });
}

interface Killing {
  /** Makes a project; answers what is done to it: a checkpoint, `undo` or `redo`. */
  readonly prepare: (directory: string) => Promise<string>;
  readonly limits?: Omit<TargetRequest, 'checkpointId'>;
  /** Every so many steps; each of them in a long run. */
  readonly every?: number;
}

async function withScript(
  work: (kit: { readonly kill: (killing: Killing) => Promise<void> }) => Promise<void>,
): Promise<void> {
  const run = await killedRestore();
  await work({ kill: (killing) => withDirectory((directory) => killAtEach(run, directory, killing)) });
}

async function killAtEach(
  run: Awaited<ReturnType<typeof killedRestore>>,
  directory: string,
  killing: Killing,
): Promise<void> {
  const origin = join(directory, 'origin');
  const copy = join(directory, 'copy');
  // In the copy's own place, because a journal names the repository by its path.
  const what = await killing.prepare(copy);
  cloneDirectory(copy, origin);
  const before = await withStoredBench(copy, snapshotOf);
  const start = (step: number): Promise<RanRestore> => {
    cloneDirectory(origin, copy);
    return run([copy, String(step), what, JSON.stringify(killing.limits ?? {})]);
  };
  const { steps } = await start(0);
  const after = await withStoredBench(copy, snapshotOf);
  expect(after).not.toEqual(before);
  const commit = commitOf(steps);
  const every = process.env['CODEFRAME_FUZZ'] === undefined ? (killing.every ?? 1) : 1;
  for (let step = 1; step <= steps.length; step += every) {
    expect((await start(step)).killed).toBe(true);
    const found = await withStoredBench(copy, async (bench) => {
      await recoverRestores(bench.ports, benchFence);
      return snapshotOf(bench);
    });
    expect({ step: steps[step - 1], ...found }).toEqual({
      step: steps[step - 1],
      ...(step - 1 < commit ? before : after),
    });
  }
  const name = killing.limits === undefined ? what : JSON.stringify(killing.limits);
  console.log(`killed at ${Math.ceil(steps.length / every)} of ${steps.length} steps of ${name}`);
}

/** Files, repository, and what can be undone and redone; and nothing of a restore is left. */
async function snapshotOf({ root, ports }: RestoreBench): Promise<Readonly<Record<string, unknown>>> {
  const tree = [...(await readTree(root))].filter(([path]) => !/^\.git(\/|$)/.test(path));
  const stacks = await readUndoStacks(ports.store);
  const hasGit = existsSync(join(root, '.git'));
  const git = hasGit ? new GitScene(root) : null;
  expect([await ports.writer.open(), await ports.gitRewinder.open()]).toEqual([[], []]);
  return {
    tree: tree.toSorted(([a], [b]) => (a < b ? -1 : 1)),
    git: git?.state() ?? null,
    kept: git?.kept().map((line) => line.split(' ')[1]) ?? [],
    depth: [stacks.undo.length, stacks.redo.length],
  };
}

function file(text: string): ModelNode {
  return { kind: 'file', mode: 0o644, text };
}
