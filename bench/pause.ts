import { spawnSync } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { binPath } from '../test/rig/cli.ts';
import { Scene } from '../test/rig/scene.ts';

/*
 * What a user waits for, through the real program: a pause with idle, working and hung agents; a checkpoint and a
 * restore of this repository and of one of 20,000 files, next to git's own floor in the same run; `codeframe status`
 * next to a bare node. Milliseconds; figures are only as good as the machine is idle.
 */

const repository = path.dirname(path.dirname(binPath));

await pauses();
await checkpoints('this repository', copyRepository);
await checkpoints('20,000 files', makeFiles(20_000));
await statuses();

async function pauses(): Promise<void> {
  const working = 'while :; do echo x >> work.txt; sleep 0.05; done\n';
  const hung =
    'trap "" TERM\n(setsid sh -c \'trap "" TERM; while :; do echo x >> hung.txt; sleep 0.05; done\' &)\nwhile :; do sleep 0.05; done\n';
  await pause('idle: no agent, no runner', []);
  await pause('3 working agents', [working, working, working]);
  await pause('3 hung agents (SIGTERM ignored, forked twice), grace 1 s', [hung, hung, hung]);
}

async function pause(name: string, programs: readonly string[]): Promise<void> {
  await using scene = await Scene.create();
  await scene.ok('init');
  for (const [index, program] of programs.entries()) await scene.addProgram(`agent-${index}`, program);
  if (programs.length > 0) {
    await scene.ok('start', '--detach');
    await scene.grown(programs[0]?.includes('hung') === true ? 'hung.txt' : 'work.txt');
  }
  const began = performance.now();
  const result = await scene.one('pause', '--grace', '1s');
  const wholeMs = Math.round(performance.now() - began);
  console.log(
    `pause, ${name}: ${String(result['durationMs'])} ms (bound ${String(result['boundMs'])}), ` +
      `the command ${wholeMs} ms, phases ${JSON.stringify(result['phasesMs'])}`,
  );
}

async function checkpoints(name: string, fill: (dir: string) => Promise<void>): Promise<void> {
  await using scene = await Scene.create();
  await fill(scene.dir);
  await scene.gitInit();
  await scene.ok('init');
  await scene.ok('checkpoint', 'create');
  const floorDir = path.join(scene.dir, '..', 'floor.git');
  spawnSync('git', ['init', '--quiet', '--bare', floorDir]);
  floor(scene.dir, floorDir);
  await scene.write('edited.txt', 'edited\n');
  const floorMs = time(() => floor(scene.dir, floorDir));
  const made = await scene.one('checkpoint', 'create');
  await scene.write('edited.txt', 'edited again\n');
  await rm(scene.path('base.txt'));
  const restored = await scene.one('restore', String(made['id']), '--yes');
  const createMs = Number(made['durationMs']);
  const restoreMs = Number((restored['figures'] as { readonly durationMs: number }).durationMs);
  console.log(
    `${name}, one file edited: checkpoint ${createMs} ms, git's floor ${floorMs} ms (${(createMs / floorMs).toFixed(2)} x), ` +
      `restore of 2 paths with its safety checkpoint ${restoreMs} ms`,
  );
}

async function statuses(): Promise<void> {
  await using scene = await Scene.create();
  await scene.ok('init');
  await scene.addProgram('agent', 'true\n');
  const env = { ...process.env, CODEFRAME_HOME: scene.home };
  const bare = minimum(15, () => spawnSync(process.execPath, ['-e', '0']));
  const status = minimum(15, () => spawnSync(process.execPath, [binPath, 'status'], { cwd: scene.dir, env }));
  console.log(`codeframe status: ${status} ms, node -e 0: ${bare} ms (${(status / bare).toFixed(2)} x)`);
}

/** git's own way to a commit of the tree, with a warm index of its own; it syncs nothing. */
function floor(dir: string, store: string): void {
  const env = {
    ...process.env,
    GIT_DIR: store,
    GIT_WORK_TREE: dir,
    GIT_INDEX_FILE: path.join(store, 'own-index'),
  };
  const run = (...args: readonly string[]): string =>
    spawnSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', ...args], { env, cwd: dir })
      .stdout.toString()
      .trim();
  run('add', '-A');
  const commit = run('commit-tree', '-m', 'floor', run('write-tree'));
  run('update-ref', 'refs/floor', commit);
}

function minimum(rounds: number, work: () => unknown): number {
  return Math.min(...Array.from({ length: rounds }, () => time(work)));
}

function time(work: () => unknown): number {
  const began = performance.now();
  work();
  return Math.round(performance.now() - began);
}

async function copyRepository(dir: string): Promise<void> {
  for (const name of ['src', 'test', 'docs', 'package.json', 'README.md']) {
    await cp(path.join(repository, name), path.join(dir, name), { recursive: true });
  }
}

function makeFiles(count: number): (dir: string) => Promise<void> {
  return async (dir) => {
    for (let index = 0; index < count; index += 1) {
      const folder = path.join(dir, `d${index % 100}`, `e${index % 10}`);
      if (index < 100)
        for (let e = 0; e < 10; e += 1)
          await mkdir(path.join(dir, `d${index}`, `e${e}`), { recursive: true });
      await writeFile(path.join(folder, `f${index}.txt`), `file ${index}\n`.repeat(1 + (index % 200)));
    }
  };
}
