import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileGitRewinder } from '../../src/adapters/user-git/file-git-rewinder.ts';
import { recoverRestores } from '../../src/checkpoint/recover-restore.ts';
import { isFailure } from '../../src/failure.ts';
import { GitScene } from '../rig/git-scene.ts';
import { treeOf, type ModelNode, type ModelTree } from '../rig/random-tree.ts';
import { makeTree, readTree, withDirectory } from '../rig/real-tree.ts';
import { withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';

const sizeBytes = 4 * 1024 * 1024;
const saved = treeOf(
  Array.from({ length: 24 }, (_, index) => [
    `dir${index % 3}/file${index}`,
    file(`saved ${index}`.repeat(2_000)),
  ]),
);
const present = treeOf([
  ['dir0', file('a file now')],
  ['dir1/file1', file('present'.repeat(1_000))],
  ['mine', file('mine')],
]);

describe.skipIf(!mayMount())('a restore on a full disk', () => {
  it('changes nothing, however much room the project has', async () => {
    const ends = await restoreWithRoom('project', [0, 4, 64, 200, 400, 480, 1_000]);
    expect(ends).toContain('no-space');
    expect(ends).toContain('restored');
  });

  it('changes nothing, however much room the checkpoints and the journal have', async () => {
    const ends = await restoreWithRoom('data', [0, 4, 16, 40, 80, 160, 1_000]);
    expect(ends).toContain('no-space');
    expect(ends).toContain('restored');
  });

  it('names the directory that has no room', async () => {
    await onSmallDisk('project', async (bench, fill) => {
      const { root, checkpoint, restore } = bench;
      await makeTree(root, treeOf([['a', file('saved'.repeat(10_000))]]));
      const id = await checkpoint();
      await makeTree(root, treeOf([]));
      fill(0);
      await expect(restore(id)).rejects.toMatchObject({ failure: { code: 'no-space', path: root } });
    });
  });

  it('changes nothing when the room goes while new files are staged', async () => {
    await onSmallDisk('project', async (bench, fill) => {
      const { root, ports, checkpoint, restore } = bench;
      await makeTree(root, saved);
      const id = await checkpoint();
      await makeTree(root, present);
      const prepare = ports.writer.prepare.bind(ports.writer);
      ports.writer.prepare = (job, contents) =>
        prepare(job, async function* (ids) {
          let given = 0;
          for await (const object of contents(ids)) {
            if (++given === 5) fill(0);
            yield object;
          }
        });
      const thrown = await restore(id).catch((error: unknown) => error);
      expect(isFailure(thrown, 'no-space')).toBe(true);
      await expectAsBefore(bench);
    });
  });

  it('leaves no lock in the repository, and nothing of it changed', async () => {
    await onSmallDisk('project', async (bench, fill) => {
      const { root, ports, checkpoint, restore } = bench;
      const git = new GitScene(root);
      git.init();
      writeFileSync(join(root, 'a'), 'first');
      git.commitAll('first');
      const id = await checkpoint();
      writeFileSync(join(root, 'a'), 'later');
      git.commitAll('later');
      const before = git.state();
      const prepare = ports.gitRewinder.prepare.bind(ports.gitRewinder);
      // The lock takes one block, the ref that keeps the later commit others.
      for (const room of [8, 4, 0]) {
        ports.gitRewinder.prepare = (job) => {
          fill(room);
          return prepare(job);
        };
        const thrown: unknown = await restore(id, { git: true }).catch((error: unknown) => error);
        expect(isFailure(thrown, 'no-space'), String(room)).toBe(true);
        fill(2_000);
      }
      expect(readdirSync(join(root, '.git')).filter((name) => /lock|codeframe/.test(name))).toEqual([]);
      expect(git.state()).toEqual(before);
      ports.gitRewinder.prepare = prepare;
      await restore(id, { git: true });
      expect(git.git('log', '-1', '--format=%s')).toBe('first');
    });
  });
});

describe.skipIf(!mayMount())('a restore with --git whose disk fills up', () => {
  it('at whichever of its steps in git is as before, at once or with the next command that has room', async () => {
    await onSmallDisk('project', async (bench, fill) => {
      const { root, dataDir, ports, checkpoint, restore } = bench;
      const git = new GitScene(root);
      git.init();
      writeFileSync(join(root, 'a'), 'first');
      git.commitAll('first');
      writeFileSync(join(root, 'b'), 'staged');
      git.git('add', 'b');
      git.git('branch', 'side');
      const id = await checkpoint();
      git.git('rm', '--quiet', '--cached', 'b');
      writeFileSync(join(root, 'a'), 'later');
      git.git('commit', '--quiet', '-am', 'later');
      git.git('checkout', '--quiet', '--detach');
      const before = git.state();
      const ends: string[] = [];
      for (let full = 0; ends.at(-1) !== 'restored'; full++) {
        let steps = 0;
        const onStep = (): void => {
          if (steps++ === full) fill(0);
        };
        Object.assign(ports, {
          gitRewinder: new FileGitRewinder({ root, journalDir: join(dataDir, 'journal'), onStep }),
        });
        const thrown: unknown = await restore(id, { git: true }).catch((error: unknown) => error);
        fill(2_000);
        ends.push(isFailure(thrown) ? thrown.failure.code : 'restored');
        if (!isFailure(thrown)) {
          if (thrown instanceof Error) throw thrown;
          // It came to its end, with a full disk or before that: then nothing of it needed room.
          if (steps > full) {
            ends.pop();
            await bench.undo();
            expect(git.state()).toMatchObject({ head: before['head'], index: before['index'] });
          }
          continue;
        }
        expect(['no-space', 'git-failed', 'unfinished-work', 'restore-blocked']).toContain(ends.at(-1));
        await recoverRestores(ports, bench.fence);
        expect(git.state()).toEqual(before);
        expect(readdirSync(join(root, '.git')).filter((name) => /lock|codeframe/.test(name))).toEqual([]);
        expect(await ports.gitRewinder.open()).toEqual([]);
        expect(await ports.writer.open()).toEqual([]);
      }
      console.log(`a full disk at each step: ${ends.join(', ')}`);
      expect(ends.length).toBeGreaterThan(3);
      expect(git.git('log', '-1', '--format=%s', 'main')).toBe('first');
    });
  });
});

/** Restores with so many KB left, on a new disk each time; answers how each ended. */
async function restoreWithRoom(
  where: 'project' | 'data',
  roomsKb: readonly number[],
): Promise<readonly string[]> {
  const ends: string[] = [];
  for (const room of roomsKb) {
    await onSmallDisk(where, async (bench, fill) => {
      const { root, checkpoint, restore } = bench;
      await makeTree(root, saved);
      const id = await checkpoint();
      await makeTree(root, present);
      fill(room);
      const thrown = await restore(id).then(
        () => null,
        (error: unknown) => error,
      );
      if (thrown === null) expect(withoutFiller(await readTree(root))).toEqual(saved);
      else await expectAsBefore(bench);
      if (thrown !== null && !isFailure(thrown)) throw thrown;
      ends.push(thrown === null ? 'restored' : thrown.failure.code);
    });
  }
  console.log(`${where}: ${roomsKb.map((room, index) => `${room} KB ${ends[index]}`).join(', ')}`);
  return ends;
}

async function expectAsBefore({ root, ports }: RestoreBench): Promise<void> {
  expect(withoutFiller(await readTree(root))).toEqual(present);
  expect(await ports.writer.open()).toEqual([]);
  const restores = await ports.store.read((tx) => tx.list('restores'));
  for (const { status } of restores) expect(status).toBe('failed');
}

async function onSmallDisk(
  where: 'project' | 'data',
  work: (bench: RestoreBench, fill: (leftKb: number) => void) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const disk = join(directory, where);
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', disk]);
    try {
      // No scan looks there, so that the full disk does not change the project.
      const filler = join(disk, '.git', 'filler');
      await withRestoreBench(async (bench) => {
        await work(bench, (leftKb) => {
          mkdirSync(join(disk, '.git'), { recursive: true });
          rmSync(filler, { force: true });
          const { bavail, bsize } = statfsSync(disk);
          writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftKb * 1024)));
        });
      }, directory);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
}

function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), 'codeframe-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    // A container without the right to mount.
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function withoutFiller(tree: ModelTree): ModelTree {
  return new Map([...tree].filter(([path]) => !/^\.git(\/|$)/.test(path)));
}

function file(text: string): ModelNode {
  return { kind: 'file', mode: 0o644, text };
}
