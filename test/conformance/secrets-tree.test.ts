import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { matchPaths } from '../../src/adapters/secrets-secretlint/match-paths.ts';
import { openSecrets } from '../../src/adapters/secrets-secretlint/open-secrets.ts';
import { createCheckpoint } from '../../src/checkpoint/create-checkpoint.ts';
import type { Manifest } from '../../src/checkpoint/manifest.ts';
import { isFailure } from '../../src/failure.ts';
import { silentLog } from '../../src/log.ts';
import { restoreCheckpoint } from '../../src/checkpoint/restore-checkpoint.ts';
import { SecretFreeTree } from '../../src/secret/secret-free-tree.ts';
import { benchFence, withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';

const token = `gh${'p'}_${'a1B2'.repeat(9)}`;
const line = `TOKEN = '${token}'\n`;

interface Bench extends RestoreBench {
  readonly write: (name: string, text: string) => void;
  readonly git: (...args: readonly string[]) => void;
  readonly make: () => Promise<Manifest>;
  readonly back: (id: string) => Promise<void>;
  /** How many files were read by the last checkpoint. */
  readonly read: () => readonly string[];
}

/** The bench of restores, its tree without secrets. */
function withBench(
  work: (bench: Bench) => Promise<void>,
  allowSecrets: readonly string[] = [],
): Promise<void> {
  return withRestoreBench(async (bench) => {
    const { root, dataDir, ports } = bench;
    let read: string[] = [];
    const counted: typeof ports.tree = {
      root,
      scan: (options) => ports.tree.scan(options),
      read: (path) => (read.push(path), ports.tree.read(path)),
      remember: (objects) => ports.tree.remember(objects),
      inspect: (paths) => ports.tree.inspect(paths),
    };
    const opened = (): SecretFreeTree =>
      new SecretFreeTree(counted, {
        ...openSecrets({ root, dataDir, env: {} }),
        git: ports.git,
        isAllowed: matchPaths(allowSecrets),
        log: silentLog,
      });
    const freed = (): typeof ports => ({
      ...ports,
      tree: opened(),
      secrets: openSecrets({ root, dataDir, env: {} }).secrets,
    });
    let restores = 0;
    await work({
      ...bench,
      write(name, text) {
        mkdirSync(join(root, name, '..'), { recursive: true });
        writeFileSync(join(root, name), text);
      },
      git: (...args) =>
        void execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]),
      async make() {
        read = [];
        return (await createCheckpoint(freed(), { trigger: 'manual', createdBy: 'test' })).manifest;
      },
      async back(checkpointId) {
        const restoreId = `r${++restores}`;
        await restoreCheckpoint(freed(), {
          restoreId,
          kind: 'restore',
          checkpointId,
          requestedBy: 'test',
          fence: benchFence,
        });
      },
      read: () => read,
    });
  });
}

const secretPaths = (manifest: Manifest): readonly string[] =>
  manifest.uncovered.filter(({ reason }) => reason === 'secret').map(({ path }) => path);

describe('new files that hold a secret', () => {
  it('are listed and not covered, in a repository, in one inside it and without one', () =>
    withBench(async ({ write, git, make }) => {
      write('a.py', line);
      write('deep/b.py', `x = 1\n${line}`);
      write('clean.py', 'x = 1\n');
      expect(secretPaths(await make())).toEqual(['a.py', 'deep/b.py']);
      git('init', '-q');
      git('init', '-q', 'deep');
      expect(secretPaths(await make())).toEqual(['a.py', 'deep/b.py']);
      git('-C', 'deep', 'add', '.');
      expect(secretPaths(await make())).toEqual(['a.py']);
      git('add', 'a.py');
      const manifest = await make();
      expect(secretPaths(manifest)).toEqual([]);
      expect(manifest.files).toBe(3);
    }));

  it('are covered when the settings allow them', () =>
    withBench(
      async ({ write, make }) => {
        for (const name of ['a.py', 'keys/one.txt', 'keys/two/three.txt', 'b.pem', 'c.txt'])
          write(name, line);
        expect(secretPaths(await make())).toEqual(['c.txt']);
      },
      ['a.py', 'keys', '*.pem'],
    ));

  it('are known by their name, which is not told', () =>
    withBench(async ({ write, make }) => {
      write(`of ${token}.txt`, 'nothing\n');
      const manifest = await make();
      expect(manifest.files).toBe(0);
      expect(secretPaths(manifest)).toEqual([
        expect.stringMatching(/^of \[secret:github-token:[0-9a-f]{12}\]\.txt$/),
      ]);
    }));

  it('are looked at once as long as they do not change and nothing new is known', () =>
    withBench(async ({ root, write, make, read }) => {
      write('one.txt', 'one\n');
      write('two.txt', 'two\n');
      // What was written in the moment of a scan is read again by the next.
      for (const name of ['one.txt', 'two.txt'])
        execFileSync('touch', ['-d', '1 hour ago', join(root, name)]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await make();
      expect(read()).toEqual(['one.txt', 'two.txt']);
      await make();
      const again = read().length;
      write('.env', 'API_KEY="quiet words"\n');
      await make();
      expect(read()).toEqual(expect.arrayContaining(['one.txt', 'two.txt']));
      expect(again).toBeLessThanOrEqual(2);
    }));

  it('that are binary or too big are listed as not searched, each time, until git tracks them', () =>
    withBench(async ({ write, git, make }) => {
      write('a.bin', `\u0000${line}`);
      write('big.txt', `${'x'.repeat(1024 * 1024)}\n${line}`);
      write('small.txt', 'small\n');
      for (let times = 1; times <= 2; times += 1) {
        const manifest = await make();
        expect(manifest.unsearched).toEqual(['a.bin', 'big.txt']);
        expect(manifest.files).toBe(3);
      }
      git('init', '-q');
      git('add', 'a.bin');
      expect((await make()).unsearched).toEqual(['big.txt']);
    }));

  it('that are binary are listed as not searched also by the checkpoint that a restore makes first', () =>
    withBench(async ({ ports, write, make, back }) => {
      write('small.txt', 'small\n');
      const { id } = await make();
      write('small.txt', 'changed\n');
      write('a.bin', `\u0000${line}`);
      await back(id);
      const rows = await ports.store.read((tx) => tx.list('checkpoints', { where: { trigger: 'safety' } }));
      const safety = await ports.checkpoints.open(rows[0]?.id ?? '');
      expect(safety.manifest.unsearched).toEqual(['a.bin']);
    }));

  it('are never deleted or overwritten by a restore', () =>
    withBench(async ({ root, write, make, back }) => {
      write('kept.txt', 'as it was\n');
      const { id } = await make();
      write('new.py', line);
      write('kept.txt', 'changed\n');
      await back(id);
      expect(readFileSync(join(root, 'new.py'), 'utf8')).toBe(line);
      expect(readFileSync(join(root, 'kept.txt'), 'utf8')).toBe('as it was\n');
      write('kept.txt', line);
      const error: unknown = await back(id).catch((thrown: unknown) => thrown);
      expect(isFailure(error, 'restore-blocked')).toBe(true);
      expect(readFileSync(join(root, 'kept.txt'), 'utf8')).toBe(line);
    }));

  it('come back when git tracked them, also when the repository is gone', () =>
    withBench(async ({ root, write, git, make, back }) => {
      git('init', '-q');
      write('a.py', line);
      write('b.txt', 'b\n');
      git('add', '.');
      git('commit', '-q', '-m', 'all');
      const { id } = await make();
      rmSync(join(root, '.git'), { recursive: true });
      rmSync(join(root, 'a.py'));
      write('b.txt', 'changed\n');
      await back(id);
      expect(readFileSync(join(root, 'a.py'), 'utf8')).toBe(line);
      // The file is there and the same: nothing is in the way of going back again.
      write('b.txt', 'changed\n');
      await back(id);
      expect(existsSync(join(root, 'a.py'))).toBe(true);
      expect(readFileSync(join(root, 'b.txt'), 'utf8')).toBe('b\n');
    }));

  it('are not looked for in what is binary or over a megabyte', () =>
    withBench(async ({ write, make }) => {
      write('binary', `\0${line}`);
      write('large.txt', line.padEnd(1024 * 1024 + 1, 'x '));
      expect(secretPaths(await make())).toEqual([]);
    }));
});
