import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGitCheckpoints } from '../../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { isFailure } from '../../../src/failure.ts';
import { CaseProject, runGit } from '../../rig/case-project.ts';
import { treeFacts, type TreeFacts } from '../../rig/tree-facts.ts';

const isRoot = process.getuid?.() === 0;

/** All of the user's repository but the objects, and codeframe's own refs. */
function gitFacts(project: CaseProject): TreeFacts {
  return treeFacts(project.path('.git'), (path) => path === 'objects' || path === 'refs/codeframe');
}

/** What a checkpoint holds of the user's repository, by the names that the files have there. */
async function capturedGit(project: CaseProject, id: string): Promise<ReadonlyMap<string, string>> {
  const checkpoints = openGitCheckpoints({ path: join(project.handle.dataDir, 'store.git') });
  try {
    const stored = await checkpoints.open(id);
    const parts = new Map<string, string>();
    for (const path of await stored.partPaths('git/')) {
      parts.set(path.slice('git/'.length), Buffer.from(await stored.part(path)).toString('latin1'));
    }
    return parts;
  } finally {
    await checkpoints.close();
  }
}

/** A change, its restore and undo, through all of which nothing of git changes; answers what was captured of it. */
async function gitStays(project: CaseProject): Promise<ReadonlyMap<string, string>> {
  project.write('untracked', 'one');
  const git = gitFacts(project);
  const id = await project.comesBack(() => {
    project.write('untracked', 'two');
    project.write('new', 'two');
  });
  expect(gitFacts(project)).toEqual(git);
  const captured = await capturedGit(project, id);
  if (existsSync(project.path('.git/index')))
    expect(captured.get('index')).toBe(readFileSync(project.path('.git/index'), 'latin1'));
  expect(captured.get('HEAD')).toBe(readFileSync(project.path('.git/HEAD'), 'latin1'));
  await project.restore(id);
  return captured;
}

async function withConflict(): Promise<CaseProject> {
  const project = await CaseProject.make();
  project.write('file', 'base\n');
  project.commit('base');
  project.git('checkout', '-q', '-b', 'side');
  project.write('file', 'side\n');
  project.commit('side');
  project.git('checkout', '-q', 'main');
  project.write('file', 'main\n');
  project.commit('main');
  return project;
}

describe('an operation in progress', () => {
  it.each([
    ['merge', ['merge', 'side'], { goOn: ['commit', '-q', '--no-edit'], part: 'MERGE_HEAD' }],
    [
      'cherry-pick',
      ['cherry-pick', 'side'],
      { goOn: ['cherry-pick', '--continue'], part: 'CHERRY_PICK_HEAD' },
    ],
    ['revert', ['revert', '--no-edit', 'HEAD~1'], { goOn: ['revert', '--continue'], part: 'REVERT_HEAD' }],
    ['rebase', ['rebase', 'side'], { goOn: ['rebase', '--continue'], part: 'rebase-merge/onto' }],
    ['am', ['am', '-3', '../patch'], { goOn: ['am', '--continue'], part: 'rebase-apply/applying' }],
  ] as const)(
    '42. a %s is kept with its conflict, and goes on after a restore',
    async (name, begin, { goOn, part }) => {
      await using project = await withConflict();
      if (name === 'revert') {
        project.write('file', 'later\n');
        project.commit('later');
      }
      if (name === 'am')
        writeFileSync(
          `${project.place}/patch`,
          project.git('format-patch', '--stdout', '-1', 'side'),
          'latin1',
        );
      project.gitFails(...begin);
      const conflict = project.git('ls-files', '--stage', '-u');
      expect(conflict).not.toBe('');
      const captured = await gitStays(project);
      expect([...captured.keys()]).toContain(part);
      const { manifest } = await project.handle.checkpoint('latest');
      expect(manifest.git?.operation).toBe(name);
      expect(project.git('ls-files', '--stage', '-u')).toBe(conflict);
      project.write('file', 'solved\n');
      project.git('add', 'file');
      project.git('-c', 'core.editor=true', ...goOn);
      expect(project.git('status', '--porcelain', '-uno')).toBe('');
    },
  );

  it('42. a bisect is kept, and goes on after a restore', async () => {
    await using project = await CaseProject.make();
    for (let i = 0; i < 5; i++) {
      project.write('file', `${i}\n`);
      project.commit(String(i));
    }
    project.git('bisect', 'start', 'HEAD', 'HEAD~4');
    const captured = await gitStays(project);
    expect([...captured.keys()]).toContain('BISECT_LOG');
    expect(project.git('bisect', 'good')).toContain('Bisecting');
  });
});

describe('the index, HEAD and refs', () => {
  it('43. 46. partly staged, intent to add, and stashes: three versions of a file, all as they were', async () => {
    await using project = await CaseProject.make();
    for (const name of ['file', 'stashed']) project.write(name, 'committed');
    project.commit();
    project.write('stashed', 'in the stash');
    project.git('stash', '-q');
    project.write('file', 'staged');
    project.git('add', 'file');
    project.write('file', 'in the tree');
    project.write('intended', 'x');
    project.git('add', '-N', 'intended');
    await gitStays(project);
    expect(project.git('show', ':file')).toBe('staged');
    expect(project.git('diff', '--name-only')).toBe('file\nintended\n');
    expect(project.git('show', 'stash@{0}:stashed')).toBe('in the stash');
  });

  it.each([
    ['detached', (project: CaseProject) => project.git('checkout', '-q', '--detach')],
    ['orphan', (project: CaseProject) => project.git('checkout', '-q', '--orphan', 'orphan')],
    ['ref deleted', (project: CaseProject) => rmSync(project.path('.git/refs/heads/main'))],
    ['ref packed', (project: CaseProject) => project.git('pack-refs', '--all')],
    [
      'branch elsewhere',
      (project: CaseProject) => project.git('worktree', 'add', '-q', '-f', '../w', 'main'),
    ],
  ])('44. HEAD %s', async (name, change) => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    const head = project.commit();
    change(project);
    await gitStays(project);
    const { manifest } = await project.handle.checkpoint('latest');
    const born = name !== 'orphan' && name !== 'ref deleted';
    expect(manifest.git?.head).toBe(born ? head : null);
  });

  it('44. no commit yet', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.git('add', 'file');
    await gitStays(project);
  });

  it('45. commits, an amend, a rebase, another branch and a prune between: restored, and the old commit is alive', async () => {
    await using project = await withConflict();
    const head = project.git('rev-parse', 'HEAD').trim();
    const id = await project.checkpoint();
    const before = project.facts();
    project.write('more', 'x');
    project.commit('more');
    project.git('commit', '-q', '--amend', '-m', 'amended');
    project.git('checkout', '-q', 'side');
    project.git('branch', '-D', 'main');
    project.git('reflog', 'expire', '--expire=now', '--all');
    project.git('gc', '-q', '--prune=now');
    const git = gitFacts(project);
    const now = project.facts();
    await project.restore(id);
    expect(project.facts()).toEqual(before);
    expect(project.git('cat-file', '-t', head)).toBe('commit\n');
    await project.undo();
    expect(project.facts()).toEqual(now);
    expect(gitFacts(project)).toEqual(git);
    project.git('fsck', '--strict');
  });

  it('47. SHA-256, shallow, replaced and with a partial clone’s missing blobs, without the network', async () => {
    await using project = await CaseProject.make({ git: false });
    project.git('init', '-q', '-b', 'main', '--object-format=sha256');
    project.write('file', 'one');
    const first = project.commit('one');
    project.write('file', 'two');
    const second = project.commit('two');
    project.git('replace', first, second);
    expect(second).toHaveLength(64);
    await gitStays(project);
    expect((await project.handle.checkpoint('latest')).manifest.git?.head).toBe(second);

    await using origin = await CaseProject.make();
    for (const text of ['one', 'two']) {
      origin.write('file', text);
      origin.commit(text);
    }
    origin.git('config', 'uploadpack.allowFilter', 'true');
    await using partial = await CaseProject.make({ git: false });
    rmSync(partial.path('.codeframe'), { recursive: true });
    const from = `file://${origin.root}`;
    runGit(partial.root, ['clone', '-q', '--no-checkout', '--depth=1', '--filter=blob:none', from, '.']);
    partial.git('config', 'remote.origin.url', 'file:///nowhere');
    partial.write('file', 'in the tree');
    await partial.reopen();
    await gitStays(partial);
    expect(readFileSync(partial.path('.git/shallow'), 'latin1')).toContain(
      origin.git('rev-parse', 'HEAD').trim(),
    );
  });

  it.each([
    ['cone', ['--cone', 'in']],
    ['no cone', ['--no-cone', '/in/', '/top']],
  ])('48. a sparse checkout, %s: what is not checked out is neither missed nor made', async (_, args) => {
    await using project = await CaseProject.make();
    for (const name of ['top', 'in/file', 'out/file']) project.write(name, 'one');
    project.commit();
    project.git('sparse-checkout', 'set', ...args);
    expect(existsSync(project.path('out'))).toBe(false);
    const captured = await gitStays(project);
    expect(captured.get('info/sparse-checkout')).toContain('in');
    expect(project.git('status', '--porcelain', '-uno')).toBe('');
    expect(existsSync(project.path('out'))).toBe(false);
  });
});

describe('the surroundings', () => {
  it('49. variables of git’s, as inside a hook, name another repository: they count for nothing', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', 'ignored\n');
    project.write('file', 'one');
    project.commit();
    project.write('ignored', 'x');
    const other = `${project.place}/other`;
    mkdirSync(other);
    runGit(other, ['init', '-q']);
    const variables = {
      GIT_DIR: `${other}/.git`,
      GIT_WORK_TREE: other,
      GIT_INDEX_FILE: `${other}/.git/index`,
      GIT_OBJECT_DIRECTORY: `${other}/.git/objects`,
      GIT_COMMON_DIR: `${other}/.git`,
      GIT_NAMESPACE: 'elsewhere',
      GIT_CEILING_DIRECTORIES: project.place,
      GIT_LITERAL_PATHSPECS: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.excludesFile',
      GIT_CONFIG_VALUE_0: `${other}/everything`,
      GIT_QUARANTINE_PATH: `${other}/q`,
    };
    const facts = treeFacts(other, () => false);
    Object.assign(process.env, variables);
    try {
      const id = await project.comesBack(() => project.write('file', 'two'));
      expect(await project.uncovered(id)).toEqual([['ignored', 'ignored']]);
    } finally {
      for (const name of Object.keys(variables)) Reflect.deleteProperty(process.env, name);
    }
    expect(treeFacts(other, () => false)).toEqual(facts);
  });

  it('51. gpgsign, no identity, useConfigOnly', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    project.commit();
    for (const key of ['commit.gpgsign', 'tag.gpgsign', 'user.useConfigOnly'])
      project.git('config', key, 'true');
    project.git('config', 'gpg.program', '/nonexistent');
    await gitStays(project);
  });

  it.runIf(isRoot)('52. (as root) a repository and project of another owner', async () => {
    await using project = await CaseProject.make();
    project.write('.gitignore', 'ignored\n');
    project.write('file', 'one');
    project.commit();
    project.write('ignored', 'x');
    execFileSync('chown', ['-R', '12345:12345', project.root]);
    const id = await project.comesBack(() => {
      project.write('file', 'two');
      chownSync(project.path('file'), 12_345, 12_345);
    });
    expect(await project.uncovered(id)).toEqual([['ignored', 'ignored']]);
    await project.restore(id);
    expect(execFileSync('stat', ['-c', '%u', project.path('file')]).toString()).toBe('12345\n');
  });

  it('53. git that is missing, or another program in its place, is told before anything changes', async () => {
    await using project = await CaseProject.make();
    project.write('file', 'one');
    const id = await project.checkpoint();
    project.write('file', 'two');
    const path = process.env['PATH'];
    const bin = `${project.place}/bin`;
    mkdirSync(bin);
    try {
      process.env['PATH'] = bin;
      await expect(project.checkpoint()).rejects.toMatchObject({ failure: { code: 'git-missing' } });
      writeFileSync(`${bin}/git`, '#!/bin/sh\necho no git of yours >&2\nexit 3\n', { mode: 0o755 });
      await expect(project.restore(id)).rejects.toSatisfy((error) => isFailure(error));
    } finally {
      process.env['PATH'] = path;
    }
    expect(readFileSync(project.path('file'), 'utf8')).toBe('two');
    await project.restore(id);
    expect(readFileSync(project.path('file'), 'utf8')).toBe('one');
  });
});
