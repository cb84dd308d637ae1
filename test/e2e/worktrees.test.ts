import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Scene } from '../rig/scene.ts';

// A dozen programs each, most of them git.
vi.setConfig({ testTimeout: 300_000 });

const lines = (...list: readonly string[]): string => list.map((line) => `${line}\n`).join('');
const text = lines('one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine');

/** A project in a repository whose one file agents change in different places. */
async function repository(): Promise<Scene> {
  const scene = await Scene.create();
  await scene.gitInit();
  await scene.write('text.txt', text);
  await scene.git('add', '-A');
  await scene.git('commit', '--quiet', '-m', 'text');
  await scene.ok('init');
  return scene;
}

async function isolated(scene: Scene, name: string, script: string): Promise<void> {
  await scene.addProgram(name, `set -e\n${script}`, '--isolate');
}

async function worktreeOf(scene: Scene, name: string): Promise<string> {
  const { project } = (await scene.status()) as { readonly project: { readonly id: string } };
  return path.join(scene.home, 'projects', project.id, 'worktrees', name);
}

async function openBlockers(scene: Scene): Promise<readonly Record<string, unknown>[]> {
  return (await scene.ok('blocker', 'list')).filter(({ status }) => status === 'open');
}

function agentsOf(blockers: readonly Record<string, unknown>[]): readonly string[] {
  return blockers.map(({ agent }) => String(agent)).toSorted((a, b) => (a < b ? -1 : 1));
}

async function commitOf(scene: Scene, name: string): Promise<string> {
  return (await scene.git('rev-parse', name)).trim();
}

async function hasCommit(scene: Scene, commit: string): Promise<boolean> {
  const refs = await scene.git('for-each-ref', '--contains', commit, '--format=%(refname)', 'refs/heads');
  return refs.trim() !== '';
}

describe('two agents in worktrees', () => {
  test('that change one file in different places end with both changes in it, and both histories reachable', async () => {
    await using scene = await repository();
    await isolated(scene, 'ada', "sed -i 's/^two$/two by ada/' text.txt; echo a > ada.txt");
    await isolated(scene, 'bob', "sed -i 's/^eight$/eight by bob/' text.txt; rm base.txt");
    await scene.write('mine.txt', 'not committed\n');
    const run = await scene.run('start');
    expect(run).toMatchObject({ exitCode: 0 });
    expect(await scene.read('text.txt')).toBe(
      text.replace('two', 'two by ada').replace('eight', 'eight by bob'),
    );
    expect(await scene.read('ada.txt')).toBe('a\n');
    expect(existsSync(scene.path('base.txt'))).toBe(false);
    expect(await scene.git('status', '--porcelain')).toBe('?? .codeframe/\n?? mine.txt\n');
    expect(await scene.git('show', 'main:text.txt')).toBe(await scene.read('text.txt'));
    for (const branch of ['codeframe/ada', 'codeframe/bob']) {
      expect(await scene.git('branch', '--format=%(refname:short)', '--contains', branch)).toContain('main');
    }
    await scene.git('fsck', '--strict');
  });

  test('that change the same line end with one merged and a blocker that says what to do; nothing is lost', async () => {
    await using scene = await repository();
    await isolated(scene, 'ada', "sed -i 's/^two$/two by ada/' text.txt");
    await isolated(scene, 'bob', "sed -i 's/^two$/two by bob/' text.txt; echo b > bob.txt");
    await scene.run('start');
    const [blocker, ...others] = await openBlockers(scene);
    expect(others).toEqual([]);
    const merged = await scene.read('text.txt');
    const [winner, loser] = merged.includes('ada') ? ['ada', 'bob'] : ['bob', 'ada'];
    expect(merged).toBe(text.replace('two', `two by ${winner}`));
    const question = String(blocker?.['question']);
    expect(question).toContain(`text.txt`);
    expect(question).toContain(`codeframe/${loser}`);
    expect(question).toContain(await worktreeOf(scene, loser));
    expect(await scene.git('show', `codeframe/${loser}:text.txt`)).toBe(
      text.replace('two', `two by ${loser}`),
    );
    expect(await scene.git('status', '--porcelain')).toBe('?? .codeframe/\n');
    // A person solves it in the worktree; the answer merges it, and the program is not run again.
    const tree = await worktreeOf(scene, loser);
    await scene.git('-C', tree, 'merge', '--quiet', 'main').catch(() => undefined);
    await writeFile(path.join(tree, 'text.txt'), text.replace('two', 'two by both'));
    await scene.git('-C', tree, 'commit', '--quiet', '-am', 'solved');
    await scene.ok('blocker', 'answer', String(blocker?.['id']), 'again');
    expect(await scene.run('start')).toMatchObject({ exitCode: 0 });
    expect(await scene.read('text.txt')).toBe(text.replace('two', 'two by both'));
    const runs = (await scene.ok('events')).filter(
      ({ type, data }) => type === 'step-started' && (data as { readonly agent: string }).agent === loser,
    );
    expect(runs).toHaveLength(1);
    expect(await scene.git('status', '--porcelain')).toBe('?? .codeframe/\n');
  });
});

describe("what is the user's", () => {
  test('whatever is in the way stays as it is, and the work waits on its branch', async () => {
    await using scene = await repository();
    await scene.write('.git/info/exclude', 'ignored.txt\n');
    await isolated(scene, 'ann', "sed -i 's/^two$/two by ann/' text.txt");
    await isolated(scene, 'bob', 'echo bob > new.txt; echo bob >> base.txt');
    await isolated(scene, 'cyd', 'mkdir dir; echo cyd > dir/x');
    await isolated(scene, 'dan', 'echo dan > ignored.txt; git add -f ignored.txt');
    await isolated(scene, 'eve', 'echo eve > staged.txt');
    await scene.write('text.txt', text.replace('two', 'two by me'));
    for (const name of ['new.txt', 'dir', 'ignored.txt', 'staged.txt']) await scene.write(name, 'mine\n');
    await scene.git('add', 'staged.txt');
    const [before, head] = [await scene.git('status', '--porcelain'), await commitOf(scene, 'main')];
    await scene.run('start');
    const blockers = await openBlockers(scene);
    expect(agentsOf(blockers)).toEqual(['ann', 'bob', 'cyd', 'dan', 'eve']);
    const question = String(blockers.find(({ agent }) => agent === 'ann')?.['question']);
    expect(question).toContain('text.txt: it has changes that are not committed');
    expect(await scene.git('status', '--porcelain')).toBe(before);
    expect(await commitOf(scene, 'main')).toBe(head);
    for (const name of ['new.txt', 'dir', 'ignored.txt', 'staged.txt'])
      expect(await scene.read(name)).toBe('mine\n');
    expect(await scene.read('text.txt')).toBe(text.replace('two', 'two by me'));
    expect(await scene.read('base.txt')).toBe('base\n');
    expect(await scene.git('show', 'codeframe/cyd:dir/x')).toBe('cyd\n');
    // One is left on its branch, one is merged when nothing is in its way any more.
    const answer = (agent: string, say: string): Promise<unknown> =>
      scene.ok('blocker', 'answer', String(blockers.find((one) => one['agent'] === agent)?.['id']), say);
    await answer('ann', 'leave');
    await answer('cyd', 'again');
    await rm(scene.path('dir'));
    await scene.run('start');
    expect(await scene.read('dir/x')).toBe('cyd\n');
    expect(await scene.read('text.txt')).toBe(text.replace('two', 'two by me'));
    expect(await scene.git('show', 'codeframe/ann:text.txt')).toBe(text.replace('two', 'two by ann'));
    expect(agentsOf(await openBlockers(scene))).toEqual(['bob', 'dan', 'eve']);
  });

  test('other edits stay, hostile names, modes and links come through as they are, and a secret is not committed', async () => {
    await using scene = await repository();
    await scene.write('staged.txt', 'staged\n');
    await scene.git('add', 'staged.txt');
    await scene.write('base.txt', 'edited\n');
    const token = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`;
    await writeFile(path.join(scene.home, 'token'), token);
    const names = `printf x > "$(printf 'tab\\tnew\\nline \\377 é')"; echo y > ./-n; echo z > ':(top)'; echo w > '*'`;
    await isolated(scene, 'a..b.lock', `${names}; ln -s ../outside link; echo x > run.sh; chmod +x run.sh`);
    await isolated(scene, 'sam', 'echo "token = \'$(cat ../../../../token)\'" > conf.txt');
    await scene.run('start');
    expect(await scene.git('status', '--porcelain')).toBe(' M base.txt\nA  staged.txt\n?? .codeframe/\n');
    expect(await scene.git('ls-files', '-s', '--', 'run.sh', 'link')).toMatch(
      /120000 .*link\n100755 .*run\.sh/,
    );
    expect(await scene.read('*')).toBe('w\n');
    const [blocker, ...others] = await openBlockers(scene);
    expect(others).toEqual([]);
    expect(String(blocker?.['question'])).toContain('conf.txt');
    expect(await scene.git('log', '--all', '-p')).not.toContain(token);
    expect(await readFile(path.join(await worktreeOf(scene, 'sam'), 'conf.txt'), 'utf8')).toContain(token);
  });

  test('a project without a repository, or without a commit, cannot isolate, and says what to do', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    const add = ['agent', 'add', 'ada', '--driver', 'command', '--isolate', '--', 'true'];
    expect(await scene.refused(...add)).toMatchObject({ code: 'cannot-isolate' });
    await scene.git('init', '--quiet');
    const refusal = await scene.run(...add);
    expect(refusal.stderr).toContain('its repository has no commit yet');
    expect(refusal.stderr).toContain('git init');
  });
});

describe('a merge by hand', () => {
  test('brings in what a paused agent has so far, and the agent goes on; what is in the way is named', async () => {
    await using scene = await repository();
    await isolated(
      scene,
      'ada',
      `[ -e two.txt ] && { echo more >> one.txt; exit 0; }
       echo one > one.txt; echo two > two.txt; sed -i 's/^two$/two by ada/' text.txt
       touch ready; while :; do sleep 0.05; done`,
    );
    await scene.addProgram('bob', 'exit 0');
    const merge = ['agent', 'merge', 'ada'] as const;
    expect(await scene.refused(...merge)).toMatchObject({ code: 'invalid-argument' });
    expect(await scene.refused('agent', 'merge', 'adda')).toMatchObject({
      code: 'unknown-id',
      near: ['ada'],
    });
    await scene.ok('start', '--detach');
    await scene.grownAt(path.join(await worktreeOf(scene, 'ada'), 'ready'));
    expect(await scene.refused(...merge)).toMatchObject({ code: 'project-owned' });
    await scene.ok('pause', '--grace', '0s');
    await scene.write('text.txt', text.replace('two', 'two by me'));
    const refusal = await scene.run(...merge);
    expect(refusal).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refusal.stderr).toContain('text.txt: it has changes that are not committed');
    expect(refusal.stderr).toContain('codeframe agent merge ada');
    expect(await scene.read('text.txt')).toBe(text.replace('two', 'two by me'));
    await scene.write('text.txt', text);
    await scene.write('mine.txt', 'mine\n');
    await scene.git('add', 'mine.txt');
    const merged = await scene.one(...merge);
    expect(merged).toMatchObject({
      agent: 'ada',
      branch: 'codeframe/ada',
      merged: true,
      into: 'main',
      files: 4,
    });
    expect(await commitOf(scene, 'main')).toBe(merged['commit']);
    expect(await scene.read('text.txt')).toBe(text.replace('two', 'two by ada'));
    expect(await scene.git('status', '--porcelain')).toBe('A  mine.txt\n?? .codeframe/\n');
    expect(await scene.one(...merge)).toMatchObject({ merged: false, commit: null, files: 0 });
    expect(await scene.status()).toMatchObject({ status: 'paused' });
    expect(await scene.run('resume')).toMatchObject({ exitCode: 0 });
    expect(await scene.read('one.txt')).toBe('one\nmore\n');
    expect((await scene.ok('task', 'list')).map(({ status }) => status)).toEqual(['done', 'done']);
  });
});

describe('checkpoints', () => {
  const atWork = `
    echo half > half.txt; echo more >> text.txt; echo committed > c.txt; git add c.txt
    git -c user.name=a -c user.email=a@b commit -qm c
    echo staged > s.txt; git add s.txt
    touch ready; while :; do sleep 0.05; done`;

  test('a restore brings back what is uncommitted in a worktree, with its commits and its index, and undo takes it away', async () => {
    await using scene = await repository();
    await isolated(scene, 'ada', atWork);
    await scene.ok('start', '--detach');
    const tree = await worktreeOf(scene, 'ada');
    const inTree = (...args: readonly string[]): Promise<string> => scene.git('-C', tree, ...args);
    await scene.grownAt(path.join(tree, 'ready'));
    const { checkpointId } = await scene.one('pause', '--grace', '0s');
    const [status, head] = [await inTree('status', '--porcelain'), await inTree('rev-parse', 'HEAD')];
    expect(status).toBe('A  s.txt\n M text.txt\n?? half.txt\n?? ready\n');
    expect(await scene.ok('verify', '--drill')).toMatchObject([{ whole: true, drilled: true }]);
    // Everything is lost: files, index, branch, and then the worktree as a whole.
    await inTree('reset', '--quiet', '--hard', 'HEAD~1');
    await inTree('clean', '-fdxq');
    await writeFile(path.join(tree, 'later.txt'), 'later\n');
    const looked = await scene.run('restore', String(checkpointId), '--dry-run', '--only', 'code');
    expect(looked.stdout).toContain("Of the agents' worktrees only files change");
    await scene.ok('restore', String(checkpointId), '--yes');
    expect(await inTree('status', '--porcelain')).toBe(status);
    expect(await inTree('rev-parse', 'HEAD')).toBe(head);
    expect(await inTree('rev-parse', 'codeframe/ada')).toBe(head);
    await scene.ok('undo');
    expect(await inTree('status', '--porcelain')).toBe('?? later.txt\n');
    await rm(tree, { recursive: true });
    await scene.git('worktree', 'prune');
    await scene.git('branch', '-D', 'codeframe/ada');
    await scene.ok('restore', String(checkpointId), '--yes');
    expect(await inTree('status', '--porcelain')).toBe(status);
    expect(await inTree('rev-parse', 'HEAD')).toBe(head);
    expect(await inTree('symbolic-ref', 'HEAD')).toBe('refs/heads/codeframe/ada\n');
    expect(await hasCommit(scene, head.trim())).toBe(true);
  });

  test('a worktree that a checkpoint does not know stays when that is restored, and doctor names it', async () => {
    await using scene = await repository();
    const { id } = await scene.one('checkpoint', 'create');
    await isolated(scene, 'ada', atWork);
    await scene.ok('start', '--detach');
    const tree = await worktreeOf(scene, 'ada');
    await scene.grownAt(path.join(tree, 'ready'));
    await scene.ok('pause', '--grace', '0s');
    await scene.ok('restore', String(id), '--yes');
    expect(await readFile(path.join(tree, 'half.txt'), 'utf8')).toBe('half\n');
    const findings = await scene.run('doctor');
    expect(findings.stdout).toContain(tree);
    await scene.ok('undo');
    expect(await readFile(path.join(tree, 'half.txt'), 'utf8')).toBe('half\n');
    expect(await scene.ok('agent', 'list')).toMatchObject([{ name: 'ada' }]);
  });

  test('an import into a clone elsewhere brings the worktree along, and the work goes on there', async () => {
    await using scene = await repository();
    await using there = await Scene.create();
    // So that the clone is known as this project.
    await scene.git('add', '.codeframe');
    await scene.git('commit', '--quiet', '-m', 'config');
    await isolated(scene, 'ada', `[ -e half.txt ] && { echo whole > half.txt; exit 0; }${atWork}`);
    await scene.ok('start', '--detach');
    await scene.grownAt(path.join(await worktreeOf(scene, 'ada'), 'ready'));
    const { checkpointId } = await scene.one('pause', '--grace', '0s');
    const file = path.join(scene.home, 'export');
    await scene.ok('checkpoint', 'export', String(checkpointId), file);
    await there.git('clone', '--quiet', '--single-branch', '--branch', 'main', scene.dir, '.');
    await there.ok('checkpoint', 'import', file, there.dir);
    const tree = await worktreeOf(there, 'ada');
    const inTree = (...args: readonly string[]): Promise<string> => there.git('-C', tree, ...args);
    expect(await inTree('status', '--porcelain')).toBe('A  s.txt\n M text.txt\n?? half.txt\n?? ready\n');
    expect(await inTree('log', '-1', '--format=%s')).toBe('c\n');
    expect(await there.run('resume')).toMatchObject({ exitCode: 0 });
    expect(await there.read('half.txt')).toBe('whole\n');
    expect(await there.read('c.txt')).toBe('committed\n');
  });
});
