import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recoverRestores } from '../../src/checkpoint/recover-restore.ts';
import { CodeframeError } from '../../src/failure.ts';
import { failureWords } from '../../src/failure-words.ts';
import { failureOf } from '../rig/failure-of.ts';
import { GitScene } from '../rig/git-scene.ts';
import { benchFence, withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';

describe('a restore with git beside another git', () => {
  it('that fails before it moved anything leaves what the user did to the repository meanwhile', async () => {
    await withTwoCommits(async ({ git, ports, first, checkpoint, restore }) => {
      const id = await checkpoint();
      git.git('reset', '--quiet', '--hard', 'tip');
      ports.writer.apply = async () => {
        // Just what the restore was about to do: it is the user's all the same.
        git.git('update-ref', 'refs/heads/main', first);
        throw new CodeframeError({ code: 'no-space', path: 'x' });
      };
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({ code: 'no-space' });
      expect(git.git('rev-parse', 'main')).toBe(first);
      expect([git.kept(), git.state()['lock']]).toEqual([[], false]);
    });
  });

  it('that cannot take back a ref for a lock takes the files back, names the lock, and is ended by the next', async () => {
    await withTwoCommits(async ({ git, root, ports, checkpoint, restore }) => {
      const id = await checkpoint();
      git.git('reset', '--quiet', '--hard', 'tip');
      const before = git.state();
      const lock = join(root, '.git/refs/heads/main.lock');
      const apply = ports.gitRewinder.apply.bind(ports.gitRewinder);
      ports.gitRewinder.apply = async (restoreId) => {
        await apply(restoreId);
        writeFileSync(lock, '');
        throw new CodeframeError({ code: 'no-space', path: 'x' });
      };
      const thrown = await failureOf(restore(id, { git: true }));
      expect(thrown).toMatchObject({
        code: 'restore-blocked',
        underWay: expect.stringMatching(/^r/) as unknown,
        problems: [{ path: '.git/refs/heads/main.lock' }],
      });
      expect(failureWords(thrown as CodeframeError['failure']).hint).toContain('codeframe pause');
      expect(readFileSync(join(root, 'a'), 'utf8')).toBe('tip');
      await expect(recoverRestores(ports, benchFence)).rejects.toMatchObject({
        failure: { code: 'restore-blocked' },
      });
      rmSync(lock);
      expect(await recoverRestores(ports, benchFence)).toMatchObject([{ how: 'rolled-back', left: [] }]);
      expect(git.state()).toEqual(before);
      expect(git.kept()).toEqual([]);
    });
  });

  it('is refused for the lock of a ref, and nothing changes', async () => {
    await withTwoCommits(async ({ git, root, checkpoint, restore }) => {
      const id = await checkpoint();
      git.git('reset', '--quiet', '--hard', 'tip');
      const before = git.state();
      writeFileSync(join(root, '.git/refs/heads/main.lock'), '');
      expect(await failureOf(restore(id, { git: true }))).toEqual({
        code: 'restore-blocked',
        problems: [
          {
            path: '.git/refs/heads/main.lock',
            problem: 'another git works on it; if none does, remove this file',
          },
        ],
      });
      rmSync(join(root, '.git/refs/heads/main.lock'));
      expect(git.state()).toEqual(before);
      expect(readFileSync(join(root, 'a'), 'utf8')).toBe('tip');
    });
  });

  it('is refused when a ref has to be where others have a directory', async () => {
    await withTwoCommits(async ({ git, checkpoint, restore, preview }) => {
      git.git('checkout', '--quiet', '-b', 'topic/one');
      const id = await checkpoint();
      git.git('checkout', '--quiet', 'main');
      git.git('branch', '--quiet', '-D', 'topic/one');
      git.git('branch', '--quiet', 'topic');
      const before = git.state();
      expect((await preview(id)).git?.problems).toHaveLength(1);
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: '.git/refs/heads/topic/one', problem: 'it cannot be beside refs/heads/topic' }],
      });
      expect(git.state()).toEqual(before);
    });
  });

  it('takes refs away before others come in their place, on the way there and back', async () => {
    await withTwoCommits(async ({ git, checkpoint, restore, undo }) => {
      git.git('update-ref', 'refs/bisect/bad', 'HEAD');
      const id = await checkpoint();
      const saved = git.state();
      git.git('update-ref', '-d', 'refs/bisect/bad');
      git.git('update-ref', 'refs/bisect/bad/one', 'HEAD');
      const present = git.state();
      await restore(id, { git: true });
      expect(git.state()).toEqual(saved);
      await undo();
      expect(git.state()).toEqual(present);
    });
  });

  it('takes no other ref for one that is not there', async () => {
    await withTwoCommits(async ({ git, checkpoint, restore }) => {
      git.git('checkout', '--quiet', '-b', 'topic');
      const id = await checkpoint();
      const commit = git.git('rev-parse', 'topic');
      git.git('checkout', '--quiet', 'main');
      git.git('branch', '--quiet', '-D', 'topic');
      git.git('tag', 'refs/heads/topic', 'tip');
      await restore(id, { git: true });
      expect(git.git('show-ref', '--verify', '--hash', 'refs/heads/topic')).toBe(commit);
    });
  });
});

describe('what a kill left of a journal of the repository', () => {
  it('is taken away by the next owner', async () => {
    await withRestoreBench(async ({ dataDir, ports }) => {
      const partial = join(dataDir, 'journal/r1.git.partial');
      mkdirSync(partial, { recursive: true });
      writeFileSync(join(partial, '0.from'), 'x');
      expect(await recoverRestores(ports, benchFence)).toEqual([]);
      expect(existsSync(partial)).toBe(false);
      expect(readdirSync(join(dataDir, 'journal'))).toEqual([]);
    });
  });
});

interface Repository extends RestoreBench {
  readonly git: GitScene;
  readonly first: string;
}

/** `main` is at the first of two commits; the tag `tip` is the second. */
function withTwoCommits(work: (repository: Repository) => Promise<void>): Promise<void> {
  return withRestoreBench(async (bench) => {
    const git = new GitScene(bench.root);
    git.init();
    writeFileSync(join(bench.root, 'a'), 'first');
    const first = git.commitAll('first');
    writeFileSync(join(bench.root, 'a'), 'tip');
    git.commitAll('tip');
    git.git('tag', 'tip');
    git.git('reset', '--quiet', '--hard', first);
    await work({ ...bench, git, first });
  });
}
