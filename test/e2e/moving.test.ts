import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { Scene } from '../rig/scene.ts';

const execute = promisify(execFile);

const twoSteps = [
  { calls: [{ tool: 'write_file', input: { path: 'one.txt', content: 'one\n' } }] },
  { delayMs: 600_000, calls: [{ tool: 'write_file', input: { path: 'two.txt', content: 'two\n' } }] },
  { calls: [{ tool: 'finish_task', input: { summary: 'both files are there' } }] },
];

/** A project that is paused in the middle of its work, with edits that nobody committed. */
async function pausedScene(): Promise<{ readonly scene: Scene; readonly checkpointId: string }> {
  const scene = await Scene.create();
  await scene.gitInit();
  await scene.ok('init', '--name', 'shop');
  await scene.addRecorded('ann', twoSteps);
  await scene.write('base.txt', 'dirty\n');
  await scene.write('run.sh', '#!/bin/sh\n');
  await execute('chmod', ['750', scene.path('run.sh')]);
  await scene.ok('start', '--detach');
  await scene.grown('one.txt');
  const pause = await scene.one('pause', '--grace', '100ms');
  await scene.dropDelays('ann', twoSteps);
  return { scene, checkpointId: String(pause['checkpointId']) };
}

async function expectWorkGoesOn(there: Scene, checkpointId: string): Promise<void> {
  expect(await there.status()).toMatchObject({ status: 'paused', next: 'codeframe resume' });
  expect(await there.read('base.txt')).toBe('dirty\n');
  expect(await there.read('one.txt')).toBe('one\n');
  await expect(there.read('two.txt')).rejects.toThrow('ENOENT');
  await there.ok('resume');
  expect(await there.read('two.txt')).toBe('two\n');
  expect((await there.ok('task', 'list'))[0]).toMatchObject({ status: 'done' });
  const events = await there.ok('events');
  const types = events.map(({ type }) => type);
  // The ledger came along: what happened before, and that it came.
  expect(types[0]).toBe('project-created');
  expect(types).toEqual(
    expect.arrayContaining(['step-ended', 'project-arrived', 'project-paused', 'task-done']),
  );
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const verified = await there.ok('verify', checkpointId, '--drill');
  expect(verified).toMatchObject([{ id: checkpointId, whole: true, drilled: true }]);
  expect((await there.ok('doctor')).filter(({ level }) => level === 'problem')).toEqual([]);
}

describe('moved to another machine', () => {
  test('by an export: resume really runs the remaining work, and the first machine is as it was', async () => {
    const { scene, checkpointId } = await pausedScene();
    await using here = scene;
    await using there = await Scene.create();
    const file = path.join(here.home, 'shop.codeframe');
    await here.ok('checkpoint', 'export', 'latest', file);
    const before = await readAllFiles(here.dir);
    expect(await there.one('checkpoint', 'import', file)).toMatchObject({ checkpointId, became: true });
    expect(
      compareFiles(before, await readAllFiles(there.dir)).filter((name) => !name.startsWith('.git/')),
    ).toEqual([]);
    await expectWorkGoesOn(there, checkpointId);
    expect(compareFiles(before, await readAllFiles(here.dir))).toEqual([]);
    expect(await here.status()).toMatchObject({ status: 'paused' });
    // Once more: it is there, and nothing is done.
    expect(await there.one('checkpoint', 'import', file)).toMatchObject({
      already: true,
      became: false,
      restore: null,
    });
  });

  test('by a git remote: into an empty directory, and into a clone whose edits can be brought back', async () => {
    const { scene, checkpointId } = await pausedScene();
    await using here = scene;
    await using there = await Scene.create();
    await using clone = await Scene.create();
    const remote = path.join(here.dir, '..', 'remote.git');
    await execute('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
    await here.git('add', '.codeframe');
    await here.git('commit', '--quiet', '-m', 'config');
    await here.git('remote', 'add', 'origin', '../remote.git');
    await here.git('push', '--quiet', 'origin', 'main');
    const refs = await here.git('ls-remote', 'origin', 'refs/heads/*', 'refs/tags/*', 'HEAD');
    expect(await here.one('checkpoint', 'push', 'origin')).toMatchObject({
      moved: [checkpointId],
      already: [],
    });
    expect(await here.git('ls-remote', 'origin', 'refs/heads/*', 'refs/tags/*', 'HEAD')).toBe(refs);
    expect(await here.one('checkpoint', 'push', 'origin')).toMatchObject({
      moved: [],
      already: [checkpointId],
    });

    expect(await there.one('checkpoint', 'pull', remote)).toMatchObject({
      moved: [checkpointId],
      becameId: checkpointId,
    });
    await expectWorkGoesOn(there, checkpointId);

    await rm(clone.dir, { recursive: true });
    await execute('git', ['clone', '--quiet', remote, clone.dir]);
    await clone.write('base.txt', 'mine\n');
    expect(await clone.one('checkpoint', 'pull', 'origin')).toMatchObject({ becameId: checkpointId });
    expect(await clone.read('base.txt')).toBe('dirty\n');
    await clone.ok('undo');
    expect(await clone.read('base.txt')).toBe('mine\n');
    expect(await clone.status()).toMatchObject({ status: 'paused', next: 'codeframe resume' });
    expect(await clone.one('checkpoint', 'pull', 'origin')).toMatchObject({
      moved: [],
      already: [checkpointId],
      restore: null,
    });
  });

  test('what both have is not sent again, and a checkpoint that comes later is only added to the list', async () => {
    await using here = await Scene.create();
    await using there = await Scene.create();
    await here.ok('init');
    for (let i = 0; i < 60; i++) await here.write(`f${i}.txt`, `${i} ${'x'.repeat(i * 10)}\n`);
    const remote = path.join(here.dir, '..', 'remote.git');
    await execute('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
    await here.ok('checkpoint', 'create', '--name', 'first');
    await here.ok('checkpoint', 'push', remote);
    await there.ok('checkpoint', 'pull', remote);
    const objects = async (): Promise<number> => {
      const { stdout } = await execute('git', ['-C', remote, 'count-objects', '-v']);
      return [...stdout.matchAll(/(?:count|in-pack): (\d+)/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    };
    const before = await objects();
    await here.write('f1.txt', 'changed\n');
    const second = String((await here.one('checkpoint', 'create', '--name', 'second'))['id']);
    await here.ok('checkpoint', 'push', remote, 'second');
    // 60 files did not change.
    expect((await objects()) - before).toBeLessThan(40);
    const files = await readAllFiles(there.dir);
    expect(await there.one('checkpoint', 'pull', remote, second)).toMatchObject({
      moved: [second],
      becameId: null,
    });
    expect(compareFiles(files, await readAllFiles(there.dir))).toEqual([]);
    expect((await there.ok('verify', second))[0]).toMatchObject({ whole: true, unlisted: false });
    await there.ok('restore', 'second', '--yes');
    expect(await there.read('f1.txt')).toBe('changed\n');
  });

  test('what must not come in is refused with words, and nothing is made', async () => {
    await using here = await Scene.create();
    await here.ok('init', '--name', 'shop');
    const first = String((await here.one('checkpoint', 'create'))['id']);
    const file = path.join(here.home, 'shop.codeframe');
    // An export that was killed, by a pid that no Linux gives, and what only looks like one.
    for (const end of ['4194305.bundle', '4194305.partial', 'mine.partial'])
      await writeFile(`${file}.${end}`, '');
    await here.ok('checkpoint', 'export', first, file);
    expect((await readdir(here.home)).filter((name) => name.startsWith('shop')).toSorted()).toEqual([
      'shop.codeframe',
      'shop.codeframe.mine.partial',
    ]);
    const whole = await readFile(file);
    const line = whole.indexOf(10);

    const refused = async (bytes: Buffer, code: string, part?: RegExp): Promise<void> => {
      await using there = await Scene.create();
      const bad = path.join(there.dir, '..', 'bad.codeframe');
      await writeFile(bad, bytes);
      const failure = await there.refused('checkpoint', 'import', bad, 'new');
      expect(failure).toMatchObject({ code });
      if (part !== undefined) expect(failure['part']).toMatch(part);
      expect(await readdir(there.dir)).toEqual([]);
      expect(await readdir(path.join(there.home, 'projects'))).toEqual([]);
    };
    await refused(whole.subarray(0, whole.length - 1), 'corrupt-export', /length/);
    await refused(whole.subarray(0, line + 20), 'corrupt-export', /header/);
    await refused(Buffer.concat([whole, Buffer.from('x')]), 'corrupt-export', /length/);
    await refused(flipped(whole, whole.length - 30), 'corrupt-export', /objects/);
    await refused(Buffer.from(whole).fill(0x39, 17, 18), 'export-newer');
    await refused(Buffer.from('{}'), 'corrupt-export', /first line/);

    await using used = await Scene.create();
    await used.write('work.txt', 'work\n');
    expect(await used.refused('checkpoint', 'import', file)).toMatchObject({ code: 'directory-in-use' });
    expect(await readdir(used.dir)).toEqual(['work.txt']);
    await used.ok('init');
    expect(await used.refused('checkpoint', 'import', file)).toMatchObject({ code: 'directory-in-use' });
    expect(await here.refused('checkpoint', 'import', file, '../elsewhere')).toMatchObject({
      code: 'directory-in-use',
    });
    expect(await here.refused('checkpoint', 'export', first, file)).toMatchObject({ code: 'already-exists' });
  });

  test('of a program that kept each table of the ledger by itself is taken in, restored, and goes on in the new way', async () => {
    await using there = await Scene.create();
    const from = path.join(import.meta.dirname, 'exports/version-1.codeframe');
    const taken = await there.one('checkpoint', 'import', from);
    expect(taken).toMatchObject({ became: true });
    expect(await there.status()).toMatchObject({ status: 'paused' });
    const types = (await there.ok('events')).map(({ type }) => type);
    expect(types.filter((type) => type === 'task-added')).toHaveLength(2);
    expect(types.filter((type) => type === 'checkpoint-created')).toHaveLength(7);
    // Two of before, and the import's own.
    expect(types.filter((type) => type === 'restore-finished')).toHaveLength(3);
    const old = String(taken['checkpointId']);
    await there.write('a.txt', 'other\n');
    const fresh = String((await there.one('checkpoint', 'create'))['id']);
    const file = path.join(there.home, 'fresh.codeframe');
    await there.ok('checkpoint', 'export', fresh, file);
    await there.ok('restore', old, '--yes');
    expect(await there.read('a.txt')).toBe('one\nline 1\nline 2\nline 3\nline 4\n');
    const verified = await there.ok('verify', '--drill');
    expect(verified.map(({ whole }) => whole)).toEqual(verified.map(() => true));
    expect(verified.map(({ id }) => id)).toEqual(expect.arrayContaining([old, fresh]));
    await using further = await Scene.create();
    await further.ok('checkpoint', 'import', file);
    const came = (await further.ok('events')).slice(0, types.length);
    expect(came.map(({ type }) => type)).toEqual(types);
  });

  test('a project with the same id and another history is refused', async () => {
    await using here = await Scene.create();
    await here.ok('init', '--name', 'shop');
    const first = String((await here.one('checkpoint', 'create'))['id']);
    const file = path.join(here.home, 'shop.codeframe');
    await here.ok('checkpoint', 'export', first, file);
    await using other = await Scene.create();
    await mkdir(other.path('.codeframe'));
    await copyFile(here.path('.codeframe/config.json'), other.path('.codeframe/config.json'));
    await other.write('other.txt', 'other\n');
    await other.ok('checkpoint', 'create');
    const checkpoints = await other.ok('checkpoint', 'list');
    expect(await other.refused('checkpoint', 'import', file)).toMatchObject({ code: 'foreign-project' });
    expect(await other.ok('checkpoint', 'list')).toEqual(checkpoints);
    expect(await other.read('other.txt')).toBe('other\n');
    const remote = path.join(here.dir, '..', 'remote.git');
    await execute('git', ['init', '--quiet', '--bare', '--initial-branch=main', remote]);
    await here.ok('checkpoint', 'push', remote);
    expect(await other.refused('checkpoint', 'pull', remote)).toMatchObject({ code: 'foreign-project' });
    expect(await other.ok('verify')).toHaveLength(1);
  });
});

/** One byte of it another one, whatever it was. */
function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (bytes[at] ?? 0) ^ 0xff;
  return copy;
}
