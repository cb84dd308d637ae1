import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { runCli, spawnCli } from '../rig/cli.ts';
import { parseLines, Scene } from '../rig/scene.ts';

const execute = promisify(execFile);

/** Moments of a command's life at which it is killed: from before anything of it is there to the end. */
const moments = 4;

/** Runs a command to its end and answers how long that took; or kills it after so many ms. */
async function run(args: readonly string[], place: Place, killMs?: number): Promise<number> {
  const began = performance.now();
  const child = spawnCli(args, { cwd: place.dir, home: place.home });
  child.stdout?.resume();
  child.stderr?.resume();
  const timer = killMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killMs);
  await once(child, 'close');
  clearTimeout(timer);
  return performance.now() - began;
}

interface Place {
  readonly dir: string;
  readonly home: string;
}

async function ok(
  args: readonly string[],
  { dir, home }: Place,
): Promise<readonly Record<string, unknown>[]> {
  const { stdout, stderr, exitCode } = await runCli(['--json', ...args], { cwd: dir, home });
  expect(exitCode, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return parseLines(stdout);
}

/** A paused project, an export of it, and a remote that it was pushed to. */
async function source(
  scene: Scene,
): Promise<{ readonly file: string; readonly remote: string; readonly id: string }> {
  await scene.ok('init', '--name', 'shop');
  await scene.addProgram('tick', 'echo tick\n');
  await mkdir(scene.path('sub'));
  for (let i = 0; i < 40; i++) await scene.write(`sub/f${i}.txt`, `${i}\n`);
  const id = String((await scene.one('pause'))['checkpointId']);
  const [file, remote] = [
    path.join(scene.dir, '..', 'shop.codeframe'),
    path.join(scene.dir, '..', 'remote.git'),
  ];
  await scene.ok('checkpoint', 'export', id, file);
  await execute('git', ['init', '--quiet', '--bare', remote]);
  await scene.ok('checkpoint', 'push', remote);
  return { file, remote, id };
}

async function expectArrived(place: Place, from: Scene, id: string): Promise<void> {
  expect((await ok(['status'], place))[0]).toMatchObject({ status: 'paused', next: 'codeframe resume' });
  expect(compareFiles(await readAllFiles(from.dir), await readAllFiles(place.dir))).toEqual([]);
  expect((await ok(['verify', id], place))[0]).toMatchObject({ whole: true, unlisted: false });
  expect((await ok(['doctor'], place)).filter(({ level }) => level === 'problem')).toEqual([]);
  const left = await readdir(path.join(place.home, 'projects'));
  expect(left.filter((name) => name.startsWith('.'))).toEqual([]);
}

describe('killed at any moment, the same command goes on', () => {
  for (const way of ['import', 'pull'] as const) {
    test(`${way === 'import' ? 'an' : 'a'} ${way}`, async () => {
      await using scene = await Scene.create();
      const { file, remote, id } = await source(scene);
      const args = ['checkpoint', way, way === 'import' ? file : remote];
      const root = path.join(scene.dir, '..');
      const placeOf = async (name: string): Promise<Place> => {
        const place = { dir: path.join(root, name, 'project'), home: path.join(root, name, 'data') };
        await mkdir(place.dir, { recursive: true });
        return place;
      };
      const wholeMs = await run(args, await placeOf('whole'));
      for (let i = 1; i <= moments; i++) {
        const place = await placeOf(`killed${i}`);
        await run(args, place, (wholeMs * i) / (moments + 1));
        await ok(args, place);
        await expectArrived(place, scene, id);
      }
    });
  }

  test('a repair', async () => {
    await using scene = await Scene.create();
    await source(scene);
    const [name = ''] = await readdir(path.join(scene.home, 'projects'));
    const dataDir = path.join(scene.home, 'projects', name);
    const lose = async (): Promise<void> => {
      for (const file of await readdir(dataDir))
        if (file.startsWith('state.db')) await rm(path.join(dataDir, file));
    };
    const damage = path.join(scene.dir, '..', 'damage');
    await cp(scene.path('sub/f1.txt'), damage);
    await lose();
    const wholeMs = await run(['doctor', '--repair'], scene);
    for (let i = 1; i <= moments; i++) {
      await lose();
      await cp(damage, path.join(dataDir, 'state.db'));
      const backups = path.join(dataDir, 'backups');
      const kept = (await readdir(backups)).length;
      // What one leaves that is killed when it has made the place for what was damaged.
      if (i === 1) await mkdir(path.join(backups, 'damaged-killed'));
      await run(['doctor', '--repair'], scene, (wholeMs * i) / (moments + 1));
      await ok(['doctor', '--repair'], scene);
      expect(await scene.status()).toMatchObject({ status: 'paused', next: 'codeframe resume' });
      // What was damaged is kept, whatever was killed.
      expect((await readdir(backups)).length).toBe(kept + 1);
      expect((await readdir(dataDir)).filter((file) => file.startsWith('.arriving'))).toEqual([]);
    }
    await scene.ok('resume');
    expect((await scene.ok('task', 'list'))[0]).toMatchObject({ status: 'done' });
  });
});
