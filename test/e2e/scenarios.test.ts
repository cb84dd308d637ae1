import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { Scene, until } from '../rig/scene.ts';

/** Writes a byte every 100 ms until it is told to stop; tells a run after a pause from the first. */
const ticker = `
while :; do printf x >> ticks; sleep 0.1; done
`;

const twoSteps = [
  { calls: [{ tool: 'write_file', input: { path: 'one.txt', content: 'one\n' } }] },
  {
    text: 'thinking',
    calls: [{ tool: 'write_file', input: { path: 'two.txt', content: 'two\n' } }],
    delayMs: 600_000,
  },
  { calls: [{ tool: 'finish_task', input: { summary: 'both files are there' } }] },
];

describe('scenarios seen from outside', () => {
  test('S1: a fresh directory: init, start, pause and resume from a shell', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addRecorded('ann', twoSteps);
    await scene.ok('start', '--detach');
    await scene.grown('one.txt');
    const pause = await scene.one('pause', '--reason', 'lunch', '--grace', '100ms');
    expect(pause).toMatchObject({ success: true, reason: 'lunch', flashSaveFailures: [] });
    expect((await scene.status())['status']).toBe('paused');
    await scene.dropDelays('ann', twoSteps);
    await scene.ok('resume');
    expect(await scene.read('two.txt')).toBe('two\n');
    expect((await scene.status())['status']).toBe('completed');
  });

  test('S2: an agent that writes every 100 ms writes nothing after pause has returned', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addProgram('tick', ticker);
    await scene.ok('start', '--detach');
    await scene.grown('ticks', 3);
    await scene.ok('pause', '--grace', '1s');
    const before = await readAllFiles(scene.dir);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
  });

  test('S3: edits, a commit, dirty edits and an answer made during a pause are all kept by resume', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.ok('init');
    await scene.addRecorded('ann', [
      { calls: [{ tool: 'ask_person', input: { question: 'Which colour?' } }] },
      { calls: [{ tool: 'write_file', input: { path: 'colour.txt', content: 'blue\n' } }] },
      { calls: [{ tool: 'finish_task', input: { summary: 'painted' } }] },
    ]);
    const start = await scene.run('--json', 'start');
    expect(start.exitCode).toBe(9);
    await scene.ok('pause');
    await scene.write('committed.txt', 'committed\n');
    await scene.git('add', 'committed.txt');
    await scene.git('commit', '--quiet', '-m', 'during the pause');
    const head = await scene.git('rev-parse', 'HEAD');
    await scene.write('base.txt', 'dirty\n');
    const [blocker] = await scene.ok('blocker', 'list');
    await scene.ok('blocker', 'answer', String(blocker?.['id']), 'blue');
    await scene.ok('resume');
    expect(await scene.read('committed.txt')).toBe('committed\n');
    expect(await scene.git('rev-parse', 'HEAD')).toBe(head);
    expect(await scene.read('base.txt')).toBe('dirty\n');
    expect(await scene.read('colour.txt')).toBe('blue\n');
    expect((await scene.ok('blocker', 'list'))[0]).toMatchObject({ answer: 'blue', status: 'answered' });
  });

  test('S4: resume is refused when nothing is paused, and changes nothing', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    const events = await scene.ok('events');
    expect(await scene.refused('resume')).toMatchObject({ code: 'wrong-status', status: 'created' });
    expect(await scene.ok('events')).toEqual(events);
    expect((await scene.status())['status']).toBe('created');
  });

  test('S5: a second pause and sixteen at once give one pause, one checkpoint and exit code 0', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addProgram('tick', ticker);
    await scene.ok('start', '--detach');
    await scene.grown('ticks');
    const all = await Promise.all(
      Array.from({ length: 16 }, () => scene.run('--json', 'pause', '--grace', '1s')),
    );
    expect(all.map(({ exitCode }) => exitCode)).toEqual(all.map(() => 0));
    const results = all.map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(
      new Set(results.map(({ pauseId, checkpointId }) => JSON.stringify([pauseId, checkpointId]))).size,
    ).toBe(1);
    expect(await scene.one('pause')).toEqual(results[0]);
    expect(await scene.ok('checkpoint', 'list')).toHaveLength(1);
    expect((await scene.status())['status']).toBe('paused');
  });

  test('S5: sixteen pauses at once without a runner give one pause', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    const all = await Promise.all(Array.from({ length: 16 }, () => scene.one('pause')));
    expect(new Set(all.map(({ pauseId }) => pauseId)).size).toBe(1);
    expect(await scene.ok('checkpoint', 'list')).toHaveLength(1);
  });

  test('S6: a checkpoint in the middle of a merge leaves the user’s git as it was', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await midMerge(scene);
    await scene.ok('init');
    const before = await gitState(scene);
    await scene.ok('checkpoint', 'create');
    await scene.ok('pause');
    expect(await gitState(scene)).toEqual(before);
  });

  test('S7: after a restore the branch is the same and later commits are reachable', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.ok('init');
    const checkpoint = await scene.one('checkpoint', 'create');
    await scene.write('later.txt', 'later\n');
    await scene.git('add', '-A');
    await scene.git('commit', '--quiet', '-m', 'later');
    const later = (await scene.git('rev-parse', 'HEAD')).trim();
    await scene.ok('restore', String(checkpoint['id']), '--yes');
    expect((await scene.git('symbolic-ref', 'HEAD')).trim()).toBe('refs/heads/main');
    expect((await scene.git('rev-parse', 'HEAD')).trim()).toBe(later);
    expect(await scene.git('status', '--porcelain')).toContain(' D later.txt');
  });

  test('S8: restoring twice, and an old one and then a new one, gives each one’s content', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.write('a.txt', 'first\n');
    const first = String((await scene.one('checkpoint', 'create'))['id']);
    await scene.write('a.txt', 'second\n');
    await scene.write('b.txt', 'new\n');
    const second = String((await scene.one('checkpoint', 'create'))['id']);
    await scene.ok('restore', first, '--yes');
    await scene.ok('restore', first, '--yes');
    expect(await scene.read('a.txt')).toBe('first\n');
    await expect(scene.read('b.txt')).rejects.toThrow('ENOENT');
    await scene.ok('restore', second, '--yes');
    expect(await scene.read('a.txt')).toBe('second\n');
    expect(await scene.read('b.txt')).toBe('new\n');
    await scene.ok('undo');
    expect(await scene.read('a.txt')).toBe('first\n');
  });

  test('S9: context items that the product made come back on restore, with their ids', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addRecorded('ann', twoSteps);
    await scene.ok('start', '--detach');
    await scene.grown('one.txt');
    const pause = await scene.one('pause', '--grace', '100ms');
    const [before] = (await scene.status())['agents'] as readonly Record<string, unknown>[];
    await scene.dropDelays('ann', twoSteps);
    await scene.ok('resume');
    const [grown] = (await scene.status())['agents'] as readonly Record<string, unknown>[];
    expect(grown?.['promptTokens']).not.toBe(before?.['promptTokens']);
    await scene.ok('restore', String(pause['checkpointId']), '--yes');
    const [after] = (await scene.status())['agents'] as readonly Record<string, unknown>[];
    expect(after).toEqual(before);
  });

  test('S14: the preview lists exactly what the restore changes, uncommitted work included', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.ok('init');
    await scene.write('gone.txt', 'gone\n');
    await scene.write('mode.sh', 'echo\n');
    const checkpoint = String((await scene.one('checkpoint', 'create'))['id']);
    const before = await readAllFiles(scene.dir);
    await scene.write('base.txt', 'dirty\n');
    await scene.write('new.txt', 'untracked\n');
    await chmod(scene.path('mode.sh'), 0o755);
    await rm(scene.path('gone.txt'));
    const changed = compareFiles(before, await readAllFiles(scene.dir));
    const preview = await scene.one('restore', checkpoint, '--dry-run');
    const listed = (preview['changes'] as readonly { readonly path: string }[]).map((change) => change.path);
    expect(listed.toSorted()).toEqual(changed);
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual(changed);
    await scene.ok('restore', checkpoint, '--yes');
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
  });

  test('S17: a failing hook, no identity and gpgsign on do not stop a pause', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    for (const hook of ['pre-commit', 'reference-transaction', 'post-index-change', 'post-checkout']) {
      await mkdir(scene.path('.git/hooks'), { recursive: true });
      await writeFile(scene.path(`.git/hooks/${hook}`), '#!/bin/sh\necho ran >> ../hook-ran\nexit 1\n', {
        mode: 0o755,
      });
    }
    await scene.git('config', 'commit.gpgsign', 'true');
    await scene.git('config', 'user.useConfigOnly', 'true');
    await scene.git('config', 'core.fsmonitor', 'echo ran >> ../hook-ran; false');
    await scene.write('staged.txt', 'staged\n');
    const index = await readFile(scene.path('.git/index'));
    await scene.ok('init');
    expect(await scene.one('pause')).toMatchObject({ success: true });
    expect(await readFile(scene.path('.git/index'))).toEqual(index);
    await expect(readFile(path.join(scene.dir, '..', 'hook-ran'))).rejects.toThrow('ENOENT');
    await expect(readFile(scene.path('hook-ran'))).rejects.toThrow('ENOENT');
  });

  test('S18: after the machine was restarted, resume really runs the work', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addRecorded('ann', twoSteps);
    await scene.ok('start', '--detach');
    await scene.grown('one.txt');
    await scene.ok('pause', '--grace', '100ms');
    // What a restart leaves: the files, and not one process.
    await until('no process of the project', async () =>
      (await scene.ok('doctor')).every(({ level }) => level !== 'problem'),
    );
    await scene.dropDelays('ann', twoSteps);
    await scene.ok('resume');
    expect(await scene.read('two.txt')).toBe('two\n');
    expect((await scene.ok('task', 'list'))[0]).toMatchObject({ status: 'done' });
  });
});

async function midMerge(scene: Scene): Promise<void> {
  await scene.git('checkout', '--quiet', '-b', 'side');
  await scene.write('base.txt', 'side\n');
  await scene.git('commit', '--quiet', '-am', 'side');
  await scene.git('checkout', '--quiet', 'main');
  await scene.write('base.txt', 'main\n');
  await scene.git('commit', '--quiet', '-am', 'main');
  await scene.git('stash', 'list');
  await scene.git('merge', 'side').catch(() => 'the conflict that the test wants');
  await scene.write('staged.txt', 'staged\n');
  await scene.git('add', 'staged.txt');
  await scene.write('staged.txt', 'and edited\n');
  await scene.write('untracked.txt', 'untracked\n');
  await scene.write('.gitignore', 'ignored.txt\n');
  await scene.write('ignored.txt', 'ignored\n');
}

/** Everything of the user's that a checkpoint must not change (C3). The index is read before git looks at it. */
async function gitState(scene: Scene): Promise<object> {
  const index = createHash('sha256')
    .update(await readFile(scene.path('.git/index')))
    .digest('hex');
  const read = async (name: string): Promise<string> => readFile(scene.path(name), 'utf8');
  return {
    index,
    head: await read('.git/HEAD'),
    headLog: await read('.git/logs/HEAD'),
    mainLog: await read('.git/logs/refs/heads/main'),
    config: await read('.git/config'),
    mergeHead: await read('.git/MERGE_HEAD'),
    refs: (await scene.git('for-each-ref')).split('\n').filter((line) => !line.includes('refs/codeframe/')),
    log: await scene.git('log', '--exclude=refs/codeframe/*', '--all', '--oneline'),
    stash: await scene.git('stash', 'list'),
    status: await scene.git('--no-optional-locks', 'status', '--porcelain=v2'),
  };
}
