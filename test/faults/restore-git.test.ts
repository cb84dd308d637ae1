import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../rig/failure-of.ts';
import { GitScene } from '../rig/git-scene.ts';
import { readTree } from '../rig/real-tree.ts';
import { withRestoreBench, type RestoreBench } from '../rig/restore-bench.ts';
import { FileGitRewinder } from '../../src/adapters/user-git/file-git-rewinder.ts';

describe('a restore with git', () => {
  it('brings HEAD, branch and index back, keeps the later commits, and can be undone and redone', async () => {
    await withRepository(async ({ git, write, checkpoint, preview, restore, undo, redo }) => {
      write('a', 'staged');
      git.git('add', 'a');
      write('a', 'not staged');
      write('new', 'untracked');
      const id = await checkpoint();
      const saved = git.state();
      const later = git.commitAll('later');
      git.git('checkout', '--quiet', '-b', 'feature');
      write('b', 'feature');
      git.commitAll('feature');
      git.git('checkout', '--quiet', 'main');
      write('a', 'later still');
      git.commitAll('later still');
      const present = git.state();
      const tip = git.git('rev-parse', 'HEAD');
      const shown = await preview(id, { git: true });
      expect(shown.git).toMatchObject({
        asked: true,
        refs: [{ name: 'refs/heads/main', laterCommits: 2 }],
        index: true,
        problems: [],
      });
      const row = await restore(id, { git: true, preview: shown });
      expect(withoutFeature(git.state())).toEqual(saved);
      expect(git.kept()).toEqual([`refs/codeframe/kept/${row.id}/heads/main ${tip}`]);
      expect(git.git('show', ':a')).toBe('staged');
      expect(git.git('diff', '--name-only')).toBe('a');
      expect(row.git?.refs).toMatchObject([
        { name: 'refs/heads/main', from: tip, keptAs: git.kept()[0]?.split(' ')[0] },
      ]);
      expect(git.git('rev-parse', 'feature~1')).toBe(later);
      const undone = await undo();
      expect(git.state()).toEqual(present);
      expect(undone.git).not.toBeNull();
      await redo();
      expect(withoutFeature(git.state())).toEqual(saved);
      await undo();
      expect(git.state()).toEqual(present);
    });
  });

  it('brings a merge in progress back, which then goes on', async () => {
    await withConflict(async ({ git, write, checkpoint, restore, undo, theirs }) => {
      expect(git.tryGit('merge', 'theirs')).toBe(false);
      const id = await checkpoint();
      const saved = git.state();
      git.git('merge', '--abort');
      write('c', 'later');
      git.commitAll('later');
      git.git('branch', '--quiet', '-D', 'theirs');
      const present = git.state();
      await restore(id, { git: true });
      expect({ ...git.state(), refs: null }).toEqual({ ...saved, refs: null });
      await undo();
      expect(git.state()).toEqual(present);
      await restore(id, { git: true });
      write('a', 'both');
      git.git('add', 'a');
      git.git('merge', '--continue');
      expect(git.git('log', '-1', '--format=%P').split(' ')[1]).toBe(theirs);
      expect(git.git('status', '--porcelain')).toBe('');
    });
  });

  it.each([
    ['rebase', ['rebase', '--onto', 'theirs', 'HEAD~1']],
    ['cherry-pick', ['cherry-pick', 'theirs']],
    ['revert', ['revert', '--no-edit', 'HEAD~1']],
  ] as const)('brings a %s in progress back, which then goes on', async (operation, command) => {
    await withConflict(async ({ git, write, checkpoint, preview, restore }) => {
      expect(git.tryGit(...command)).toBe(false);
      const id = await checkpoint();
      const saved = git.state();
      write('a', 'done');
      git.git('add', 'a');
      git.git(operation, '--continue');
      const shown = await preview(id);
      expect(shown.git).toMatchObject({ asked: false, operation: { from: null, to: operation } });
      await restore(id, { git: true });
      expect(git.state()).toEqual(saved);
      expect((await preview(id)).git).toBeNull();
      write('a', 'done otherwise');
      git.git('add', 'a');
      git.git(operation, '--continue');
      expect(git.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
      expect(git.git('show', 'HEAD:a')).toBe('done otherwise');
      expect(git.git('status', '--porcelain')).toBe('');
    });
  });

  it('ends an operation that was begun since, and a branch without a commit is one again', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore, undo }) => {
      const git = new GitScene(root);
      git.init();
      writeFileSync(join(root, 'a'), 'a');
      const id = await checkpoint();
      const saved = git.state();
      git.commitAll('first');
      git.git('bisect', 'start');
      git.git('bisect', 'bad');
      const present = git.state();
      await restore(id, { git: true });
      expect(git.state()).toEqual(saved);
      expect(git.kept()).toHaveLength(2);
      await undo();
      expect(git.state()).toEqual(present);
    });
  });

  it('brings a HEAD on no branch back, and keeps the commits of the one that it leaves', async () => {
    await withRepository(async ({ git, write, checkpoint, restore, undo }) => {
      const first = git.git('rev-parse', 'HEAD');
      git.git('checkout', '--quiet', '--detach');
      const id = await checkpoint();
      write('a', 'detached');
      const later = git.commitAll('detached');
      const row = await restore(id, { git: true });
      expect(git.git('rev-parse', 'HEAD')).toBe(first);
      expect(git.kept()).toEqual([`refs/codeframe/kept/${row.id}/HEAD ${later}`]);
      await undo();
      expect(git.git('rev-parse', 'HEAD')).toBe(later);
    });
  });

  it('does not believe the times in the index: a change of the same size at the same moment shows', async () => {
    await withRepository(async ({ git, root, write, checkpoint, restore }) => {
      write('a', '1111');
      git.git('add', 'a');
      write('a', '2222');
      const id = await checkpoint();
      git.commitAll('later');
      await restore(id, { git: true });
      expect(readFileSync(join(root, 'a'), 'utf8')).toBe('2222');
      expect(git.git('diff', '--name-only')).toBe('a');
    });
  });

  it('writes nothing when the repository is as it is to be', async () => {
    await withRepository(async ({ git, root, write, checkpoint, preview, restore }) => {
      write('a', 'staged');
      git.git('add', 'a');
      const id = await checkpoint();
      const before = readFileSync(join(root, '.git/index'));
      expect((await preview(id, { git: true })).git).toMatchObject({ refs: [], index: false });
      await restore(id, { git: true });
      expect(readFileSync(join(root, '.git/index'))).toEqual(before);
      expect(git.kept()).toEqual([]);
    });
  });

  it('gives back what was only staged and git has collected since', async () => {
    await withRepository(async ({ git, root, write, checkpoint, restore }) => {
      write('a', 'only in the index');
      write('b', 'staged and in the tree');
      git.git('add', 'a', 'b');
      write('a', 'in the tree');
      const id = await checkpoint();
      git.git('reset', '--quiet', '--hard');
      git.git('-c', 'gc.reflogExpire=now', 'gc', '--quiet', '--prune=now');
      await restore(id, { git: true });
      expect([git.git('show', ':a'), git.git('show', ':b')]).toEqual([
        'only in the index',
        'staged and in the tree',
      ]);
      expect(readFileSync(join(root, 'a'), 'utf8')).toBe('in the tree');
      expect(git.git('fsck', '--no-dangling')).toBe('');
    });
  });

  it('is refused when the repository has lost a commit that it needs, and nothing changes', async () => {
    await withRepository(async ({ git, root, write, checkpoint, restore }) => {
      const id = await checkpoint();
      git.git('update-ref', '-d', `refs/codeframe/${id}`);
      write('a', 'another first');
      git.git('commit', '--quiet', '--all', '--amend', '-m', 'another first');
      git.git(
        '-c',
        'gc.reflogExpire=now',
        '-c',
        'gc.reflogExpireUnreachable=now',
        'gc',
        '--quiet',
        '--prune=now',
      );
      const before = [git.state(), await filesOf(root)];
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: '.git' }],
      });
      expect([git.state(), await filesOf(root)]).toEqual(before);
    });
  });
});

describe('a restore with git is refused, and nothing changes,', () => {
  it('while another git has the lock of the index', async () => {
    await withRepository(async (scene) => {
      const { git, root, dataDir, ports, write, checkpoint, restore } = scene;
      const id = await checkpoint();
      write('a', 'later');
      git.commitAll('later');
      const quick = new FileGitRewinder({ root, journalDir: join(dataDir, 'journal'), lockWaitMs: 100 });
      ports.gitRewinder.prepare = (job) => quick.prepare(job);
      writeFileSync(join(root, '.git/index.lock'), '');
      const before = [git.state(), await filesOf(root)];
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: '.git/index.lock' }],
      });
      expect([git.state(), await filesOf(root)]).toEqual(before);
      rmSync(join(root, '.git/index.lock'));
      await restore(id, { git: true });
      expect(git.kept()).toHaveLength(1);
    });
  });

  it('when the user commits between the preview and the restore, or in the middle of it', async () => {
    await withRepository(async (scene) => {
      const { git, root, ports, write, checkpoint, preview, restore } = scene;
      const id = await checkpoint();
      git.git('commit', '--quiet', '--allow-empty', '-m', 'one');
      const shown = await preview(id, { git: true });
      git.git('commit', '--quiet', '--allow-empty', '-m', 'two');
      expect(await failureOf(restore(id, { git: true, preview: shown }))).toMatchObject({
        code: 'tree-moved',
      });
      write('a', 'later');
      git.commitAll('three');
      const prepare = ports.writer.prepare.bind(ports.writer);
      ports.writer.prepare = async (job, contents) => {
        git.git('commit', '--quiet', '--allow-empty', '-m', 'four');
        await prepare(job, contents);
      };
      const tree = await filesOf(root);
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'tree-moved',
        paths: ['.git'],
      });
      expect(git.git('log', '-1', '--format=%s')).toBe('four');
      expect(await filesOf(root)).toEqual(tree);
      expect([git.kept(), git.state()['lock']]).toEqual([[], false]);
    });
  });

  it('where the repository is more than the project, or there is none', async () => {
    await withRestoreBench(async ({ root, checkpoint, restore }) => {
      writeFileSync(join(root, 'a'), 'a');
      const without = await checkpoint();
      const git = new GitScene(root);
      git.init();
      git.commitAll('first');
      const within = await checkpoint();
      expect(await failureOf(restore(without, { git: true }))).toMatchObject({ code: 'restore-blocked' });
      rmSync(join(root, '.git'), { recursive: true });
      expect(await failureOf(restore(within, { git: true }))).toMatchObject({ code: 'restore-blocked' });
      const above = new GitScene(join(root, '..'));
      above.init();
      const part = await checkpoint();
      writeFileSync(join(root, 'b'), 'b');
      above.git('add', 'project');
      expect(await failureOf(restore(part, { git: true }))).toMatchObject({ code: 'restore-blocked' });
    });
  });

  it('when another working tree has the branch', async () => {
    await withRepository(async ({ git, dataDir, checkpoint, restore }) => {
      const id = await checkpoint();
      git.git('checkout', '--quiet', '-b', 'other');
      git.git('worktree', 'add', '--quiet', join(dataDir, 'linked'), 'main');
      expect(await failureOf(restore(id, { git: true }))).toMatchObject({
        code: 'restore-blocked',
        problems: [{ path: '.git/refs/heads/main' }],
      });
    });
  });

  it('with paths, or without the code', async () => {
    await withRepository(async ({ checkpoint, restore }) => {
      const id = await checkpoint();
      for (const options of [{ paths: ['a'] }, { only: ['state'] as const }]) {
        expect(await failureOf(restore(id, { ...options, git: true }))).toMatchObject({
          code: 'invalid-argument',
          argument: '--git',
        });
      }
    });
  });
});

interface Repository extends RestoreBench {
  readonly git: GitScene;
  readonly write: (name: string, text: string) => void;
}

function withRepository(work: (repository: Repository) => Promise<void>): Promise<void> {
  return withRestoreBench(async (bench) => {
    const git = new GitScene(bench.root);
    const write = (name: string, text: string): void => writeFileSync(join(bench.root, name), text);
    mkdirSync(bench.root, { recursive: true });
    git.init();
    write('a', 'first');
    git.commitAll('first');
    await work({ ...bench, git, write });
  });
}

/** `main` and `theirs` have changed the same line. */
function withConflict(
  work: (repository: Repository & { readonly theirs: string }) => Promise<void>,
): Promise<void> {
  return withRepository(async (repository) => {
    const { git, write } = repository;
    git.git('checkout', '--quiet', '-b', 'theirs');
    write('a', 'theirs');
    const theirs = git.commitAll('theirs');
    git.git('checkout', '--quiet', 'main');
    write('a', 'ours');
    git.commitAll('ours');
    write('a', 'ours again');
    git.commitAll('ours again');
    await work({ ...repository, theirs });
  });
}

function withoutFeature(state: ReturnType<GitScene['state']>): unknown {
  const refs = state['refs'] as readonly string[];
  return { ...state, refs: refs.filter((ref) => !ref.startsWith('refs/heads/feature')) };
}

async function filesOf(root: string): Promise<unknown> {
  return new Map([...(await readTree(root))].filter(([path]) => !/^\.git(\/|$)/.test(path)));
}
