import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserGit } from '../../checkpoint/user-git.ts';
import { openUserGit } from './git-user-repository.ts';

let place: string;
let root: string;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-git-')));
  root = join(place, 'project');
  mkdirSync(root);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@a',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@a',
};

function git(...args: string[]): string {
  return gitIn(root, ...args);
}

function gitIn(dir: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd: dir,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
}

function write(path: string, text = ''): void {
  const at = join(root, path);
  mkdirSync(join(at, '..'), { recursive: true });
  writeFileSync(at, text);
}

function commitAll(message = 'all'): string {
  git('add', '-A');
  git('commit', '-q', '-m', message, '--allow-empty');
  return git('rev-parse', 'HEAD').trim();
}

describe('what the ignored paths hang on', () => {
  /** What stands for it, once it is old enough to be told. */
  async function settled(userGit: UserGit): Promise<string> {
    return vi.waitFor(
      async () => {
        await userGit.ignored();
        const found = userGit.ignoredBy();
        if (found === undefined) throw new Error('not yet');
        return found;
      },
      { timeout: 30_000, interval: 100 },
    );
  }

  it('is not known before git was asked', () => {
    git('init', '-q');
    expect(openUserGit({ root }).ignoredBy()).toBeUndefined();
  });

  it('is every file that has a part in it: the index, rules, settings, what they include, the user’s own rules', async () => {
    git('init', '-q');
    const included = join(place, 'included');
    const later = join(place, 'later');
    const rules = join(place, 'rules');
    writeFileSync(included, '[core]\n');
    writeFileSync(rules, '');
    git('config', 'include.path', included);
    git('config', '--add', 'include.path', later);
    git('config', 'core.excludesFile', rules);
    const userGit = openUserGit({ root });
    const before = await settled(userGit);
    expect(userGit.ignoredBy()).toBe(before);
    const parts = [rules, included, later, join(root, '.git/info/exclude'), join(root, '.git/index')];
    for (const path of parts) expect(before.split('\n')).toContain(path);
    writeFileSync(later, '[core]\n');
    expect(userGit.ignoredBy()).not.toBe(before);
  });

  it('cannot be told where only git can make out a path', async () => {
    git('init', '-q');
    git('config', 'core.excludesFile', '~nobody/rules');
    const userGit = openUserGit({ root });
    await userGit.ignored();
    expect(userGit.ignoredBy()).toBeUndefined();
  });
});

describe('what is ignored', () => {
  it('is what git says, without what is tracked, a directory standing for all in it', async () => {
    git('init', '-q');
    write('.gitignore', 'build/\n*.log\ntracked/\nsp*\n');
    for (const path of [
      'build/a',
      'build/sub/b',
      'tracked/in',
      'tracked/x/out',
      'some/a.log',
      'some/b.txt',
      'top.log',
    ])
      write(path);
    for (const path of ['only/x.log', 'sp ace\n"', 'deep/er/.gitignore', 'deep/er/local', 'excluded'])
      write(path);
    writeFileSync(join(root, 'deep/er/.gitignore'), 'local\n');
    writeFileSync(join(root, '.git/info/exclude'), 'excluded\n');
    git('add', '-f', '.gitignore', 'tracked/in');
    expect((await openUserGit({ root }).ignored()).toSorted()).toEqual([
      'build',
      'deep/er/local',
      'excluded',
      'only/x.log',
      'some/a.log',
      'sp ace\n"',
      'top.log',
      'tracked/x',
    ]);
  });

  it('is told of nested repositories by their own rules', async () => {
    git('init', '-q');
    write('.gitignore', '*.log\n');
    gitIn(root, 'init', '-q', 'nested');
    write('nested/.gitignore', '*.tmp\n');
    for (const path of ['nested/a.tmp', 'nested/b.log', 'nested/c', 'broken/.git/nothing']) write(path);
    const userGit = openUserGit({ root });
    expect(await userGit.ignored(['nested', 'broken'])).toEqual(['nested/a.tmp']);
    expect(await userGit.ignored()).toEqual([]);
  });

  it('is nothing without a repository, and where a repository around ignores the whole project', async () => {
    write('a.log');
    expect(await openUserGit({ root }).ignored()).toEqual([]);
    gitIn(place, 'init', '-q');
    writeFileSync(join(place, '.gitignore'), 'project/\n*.log\n');
    expect(await openUserGit({ root }).ignored()).toEqual([]);
    mkdirSync(join(root, 'sub'));
    expect(await openUserGit({ root: join(root, 'sub') }).ignored()).toEqual([]);
  });

  it('is relative to a project inside a larger repository', async () => {
    gitIn(place, 'init', '-q');
    writeFileSync(join(place, '.gitignore'), '*.log\n');
    writeFileSync(join(place, 'outside.log'), '');
    write('a/b.log');
    write('c');
    expect(await openUserGit({ root }).ignored()).toEqual(['a/b.log']);
  });

  it('is found with a damaged index', async () => {
    git('init', '-q');
    write('.gitignore', '*.log\n');
    write('a.log');
    writeFileSync(join(root, '.git/index'), 'nonsense');
    expect(await openUserGit({ root }).ignored()).toEqual(['a.log']);
  });
});

function textOf(
  parts: readonly { readonly path: string; readonly bytes: Uint8Array }[],
  path: string,
): string {
  const part = parts.find((candidate) => candidate.path === path);
  return part === undefined ? 'no part' : Buffer.from(part.bytes).toString();
}

async function keep(userGit: UserGit, id: string): Promise<void> {
  const captured = await userGit.capture();
  if (captured !== null) await userGit.keep(id, captured);
}

describe('what is captured', () => {
  it('are the refs as git lists them: loose, packed, symbolic, dangling, broken, of a linked worktree', async () => {
    git('init', '-q', '-b', 'main');
    write('a', '1');
    const first = commitAll();
    for (const name of ['packed', 'both', 'deep/er', 'a-b', 'a/b', 'gr\u00fcn']) git('branch', name);
    git('tag', '-a', '-m', 'annotated', 'v1');
    git('pack-refs', '--all');
    write('a', '2');
    const second = commitAll();
    git('update-ref', 'refs/heads/both', second);
    git('update-ref', 'refs/heads/loose', first);
    git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/heads/main');
    git('symbolic-ref', 'refs/heads/dangling', 'refs/heads/nowhere');
    write('.git/refs/heads/empty', '');
    git('worktree', 'add', '-q', join(place, 'linked'), '-b', 'linked');
    git('update-ref', 'refs/bisect/bad', first);
    execFileSync('git', ['update-ref', 'refs/bisect/good', second], { cwd: join(place, 'linked') });
    for (const at of [root, join(place, 'linked')]) {
      const told = spawnSync('git', ['for-each-ref', '--format=%(refname) %(objectname) %(symref)'], {
        cwd: at,
      });
      const parts = (await openUserGit({ root: at }).capture())?.parts ?? [];
      const refs = textOf(parts, 'git/refs.ndjson').trim().split('\n');
      const lines = refs.map((line) => {
        const { name, object, symref } = JSON.parse(line) as Record<string, string | null>;
        return `${name} ${object} ${symref ?? ''}`;
      });
      expect(lines).toEqual(told.stdout.toString().split('\n').slice(0, -1));
    }
  });

  it('are the files that only the index has, also of a conflict, and the commits of a merge', async () => {
    git('init', '-q', '-b', 'main');
    write('a', 'base\n');
    commitAll();
    git('checkout', '-q', '-b', 'side');
    write('a', 'side\n');
    const side = commitAll();
    git('checkout', '-q', 'main');
    write('a', 'main\n');
    commitAll();
    spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a', 'merge', 'side'], { cwd: root });
    write('b', 'staged\n');
    git('add', 'b');
    write('b', 'working\n');
    const userGit = openUserGit({ root });
    const captured = await userGit.capture();
    const texts = captured?.staged?.map(({ bytes }) => Buffer.from(bytes).toString()) ?? [];
    expect(texts.toSorted()).toEqual(['base\n', 'main\n', 'side\n', 'staged\n']);
    expect(captured?.staged?.map(({ path }) => path)).toContain(
      `staged/blobs/${git('rev-parse', ':b').trim()}`,
    );
    await keep(userGit, 'c1');
    git('reset', '-q', '--hard');
    git('branch', '-D', 'side');
    git('reflog', 'expire', '--expire=now', '--all');
    git('gc', '-q', '--prune=now');
    expect(git('cat-file', '-t', side).trim()).toBe('commit');
    await userGit.release('c1');
    expect(git('for-each-ref', 'refs/codeframe')).toBe('');
    write('c', 'new\n');
    git('add', '-A');
    expect((await userGit.capture())?.staged).toHaveLength(1);
  });

  it('names a staged file that is too big to be kept', async () => {
    git('init', '-q', '-b', 'main');
    writeFileSync(join(root, 'big\nfile'), Buffer.alloc(50 * 1024 * 1024 + 1));
    write('small', 'x');
    git('add', '-A');
    const { staged, unkept } = (await openUserGit({ root }).capture()) ?? {};
    expect(staged).toMatchObject([{ path: `staged/blobs/${git('rev-parse', ':small').trim()}` }]);
    expect(unkept).toEqual([{ path: String.raw`big\x0afile`, size: 50 * 1024 * 1024 + 1 }]);
    commitAll();
    expect((await openUserGit({ root }).capture())?.unkept).toEqual([]);
  });

  it('is HEAD, the index byte for byte, and the refs, without our own', async () => {
    git('init', '-q', '-b', 'main');
    write('a', '1');
    const commit = commitAll();
    git('tag', 'v1');
    git('update-ref', 'refs/codeframe/c0', commit);
    const captured = await openUserGit({ root }).capture();
    expect(captured).toMatchObject({ head: commit, branch: 'main', operation: null });
    const parts = captured?.parts ?? [];
    expect(textOf(parts, 'git/HEAD')).toBe('ref: refs/heads/main\n');
    expect(parts.find(({ path }) => path === 'git/index')?.bytes).toEqual(
      readFileSync(join(root, '.git/index')),
    );
    const refs = textOf(parts, 'git/refs.ndjson')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(refs).toEqual([
      { name: 'refs/heads/main', object: commit, symref: null },
      { name: 'refs/tags/v1', object: commit, symref: null },
    ]);
  });

  it('is null without a repository', async () => {
    expect(await openUserGit({ root }).capture()).toBeNull();
    await keep(openUserGit({ root }), 'c1');
    await openUserGit({ root }).release('c1');
  });

  it('has no head on a branch without a commit, and no branch when detached', async () => {
    git('init', '-q', '-b', 'main');
    expect(await openUserGit({ root }).capture()).toMatchObject({ head: null, branch: 'main' });
    const commit = commitAll();
    git('checkout', '-q', '--detach');
    expect(await openUserGit({ root }).capture()).toMatchObject({ head: commit, branch: null });
  });

  it.each([
    ['merge', ['merge', 'side'], 'git/MERGE_HEAD'],
    ['rebase', ['rebase', 'side'], 'git/rebase-merge/git-rebase-todo'],
    ['cherry-pick', ['cherry-pick', 'side'], 'git/CHERRY_PICK_HEAD'],
    ['revert', ['revert', '--no-edit', 'HEAD~1'], 'git/REVERT_HEAD'],
    ['bisect', ['bisect', 'start'], 'git/BISECT_LOG'],
  ])('names a %s in progress and has its files', async (operation, args, part) => {
    git('init', '-q', '-b', 'main');
    write('a', '0');
    commitAll();
    git('checkout', '-q', '-b', 'side');
    write('a', 'side');
    commitAll();
    git('checkout', '-q', 'main');
    write('a', '1');
    commitAll();
    write('a', '2');
    commitAll();
    try {
      git(...args);
    } catch {
      // It stops at the conflict, which is the point.
    }
    const captured = await openUserGit({ root }).capture();
    expect(captured?.operation).toBe(operation);
    expect(captured?.parts.map(({ path }) => path)).toContain(part);
  });

  it('comes from the right directories in a linked worktree and in a submodule', async () => {
    git('init', '-q', '-b', 'main');
    write('a', '1');
    const commit = commitAll();
    const linked = join(place, 'linked');
    git('worktree', 'add', '-q', '-b', 'work', linked);
    const captured = await openUserGit({ root: linked }).capture();
    expect(captured).toMatchObject({ head: commit, branch: 'work' });
    await keep(openUserGit({ root: linked }), 'c1');
    expect(git('rev-parse', 'refs/codeframe/c1').trim()).toBe(commit);
    const outer = join(place, 'outer');
    gitIn(place, 'init', '-q', 'outer');
    gitIn(outer, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', root, 'sub');
    expect(await openUserGit({ root: join(outer, 'sub') }).capture()).toMatchObject({
      head: commit,
      branch: 'main',
    });
  });
});

describe('the ref that keeps commits alive', () => {
  it('names HEAD, can be set twice, and goes away', async () => {
    git('init', '-q');
    write('a', '1');
    const commit = commitAll();
    const userGit = openUserGit({ root });
    await keep(userGit, 'c1');
    await keep(userGit, 'c1');
    expect(git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/codeframe').trim()).toBe(
      `refs/codeframe/c1 ${commit}`,
    );
    git('checkout', '-q', '--orphan', 'other');
    git('branch', '-D', git('branch', '--format=%(refname:short)').trim());
    git('gc', '-q', '--prune=now');
    expect(git('cat-file', '-t', commit).trim()).toBe('commit');
    await userGit.release('c1');
    await userGit.release('c1');
    expect(git('for-each-ref', 'refs/codeframe')).toBe('');
  });

  it('is nothing on a branch without a commit', async () => {
    git('init', '-q');
    await keep(openUserGit({ root }), 'c1');
    expect(git('for-each-ref')).toBe('');
  });
});

describe('in a repository that means harm or is not ours', () => {
  it('runs nothing that its configuration names, writes no reflog, and heeds no GIT_ variables', async () => {
    git('init', '-q');
    write('a', '1');
    write('.gitattributes', '* filter=evil\n');
    write('.gitignore', '*.log\n');
    write('x.log');
    const commit = commitAll();
    const trap = join(place, 'trap');
    writeFileSync(trap, `#!/bin/sh\necho "$0 $@" >> ${join(place, 'sprung')}\nexit 1\n`);
    chmodSync(trap, 0o755);
    mkdirSync(join(place, 'hooks'));
    for (const hook of ['reference-transaction', 'post-index-change', 'pre-commit', 'post-checkout'])
      symlinkSync(trap, join(place, 'hooks', hook));
    for (const [key, value] of [
      ['core.fsmonitor', trap],
      ['core.hooksPath', join(place, 'hooks')],
      ['filter.evil.clean', trap],
      ['filter.evil.required', 'true'],
      ['core.pager', trap],
      ['core.sshCommand', trap],
      ['core.logAllRefUpdates', 'always'],
      ['core.worktree', '/nowhere'],
      ['gpg.program', trap],
      ['commit.gpgsign', 'true'],
    ] as const) {
      gitIn(place, 'config', '--file', join(root, '.git/config'), key, value);
    }
    const index = readFileSync(join(root, '.git/index'));
    Object.assign(process.env, {
      GIT_DIR: '/nowhere',
      GIT_INDEX_FILE: '/nowhere',
      GIT_WORK_TREE: '/nowhere',
    });
    try {
      const userGit = openUserGit({ root });
      expect(await userGit.capture()).toMatchObject({ head: commit });
      expect(await userGit.ignored()).toEqual(['x.log']);
      await keep(userGit, 'c1');
      await userGit.release('c1');
      await keep(userGit, 'c2');
    } finally {
      for (const name of ['GIT_DIR', 'GIT_INDEX_FILE', 'GIT_WORK_TREE']) delete process.env[name];
    }
    expect(() => readFileSync(join(place, 'sprung'))).toThrow('ENOENT');
    expect(readFileSync(join(root, '.git/index')).equals(index)).toBe(true);
    expect(() => readFileSync(join(root, '.git/logs/refs/codeframe/c2'))).toThrow('ENOENT');
  });

  it.runIf(process.getuid?.() === 0)('reads the repository of another user', async () => {
    git('init', '-q');
    write('a.log');
    write('.gitignore', '*.log\n');
    const commit = commitAll();
    execFileSync('chown', ['-R', '12345', root]);
    expect(() => git('status')).toThrow('dubious ownership');
    expect(await openUserGit({ root }).capture()).toMatchObject({ head: commit });
    expect(await openUserGit({ root }).ignored()).toEqual(['a.log']);
  });

  it('says when git is missing', async () => {
    git('init', '-q');
    const path = process.env['PATH'];
    process.env['PATH'] = place;
    try {
      await expect(openUserGit({ root }).ignored()).rejects.toMatchObject({
        failure: { code: 'git-missing' },
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});
