import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { Scene, until } from '../rig/scene.ts';

/** Ignores every polite signal, forks twice into a session of its own, and goes on writing. */
const stubborn = `
trap '' TERM INT HUP
(setsid sh -c 'trap "" TERM INT HUP; (while :; do echo x >> daemon.txt; sleep 0.02; done) & exit' &)
while :; do echo x >> stubborn.txt; sleep 0.02; done
`;

const polite = 'while :; do echo x >> polite.txt; sleep 0.02; done\n';

const recorded = [
  { calls: [{ tool: 'write_file', input: { path: 'model.txt', content: 'x\n' } }] },
  {
    calls: [
      { tool: 'run_command', input: { command: 'while :; do echo x >> command.txt; sleep 0.02; done' } },
    ],
  },
  { calls: [{ tool: 'finish_task', input: { summary: 'done' } }] },
];

async function threeAgents(): Promise<Scene> {
  const scene = await Scene.create();
  await scene.ok('init');
  await scene.addProgram('stubborn', stubborn);
  await scene.addProgram('polite', polite);
  await scene.addRecorded('model', recorded, '--allow', '**');
  await scene.ok('start', '--detach');
  for (const name of ['daemon.txt', 'stubborn.txt', 'polite.txt', 'command.txt']) await scene.grown(name, 10);
  return scene;
}

async function expectStill(scene: Scene): Promise<void> {
  const before = await readAllFiles(scene.dir);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
}

describe('paused means stopped', () => {
  test('three agents, one of which ignores SIGTERM and forks twice, write nothing after pause has returned', async () => {
    await using scene = await threeAgents();
    const pause = await scene.one('pause', '--grace', '500ms');
    await expectStill(scene);
    const agents = pause['agents'] as readonly { readonly name: string; readonly how: string }[];
    expect(agents.map(({ name, how }) => `${name} ${how}`).toSorted()).toEqual([
      'model cut',
      'polite terminated',
      'stubborn killed',
    ]);
    // Grace, SIGTERM's time and three times that of SIGKILL.
    expect(pause['boundMs']).toBe(11_500);
    expect(pause['durationMs']).toBeGreaterThan(0);
  });

  test('when the runner is killed with -9 its agents are killed too, and status says interrupted', async () => {
    await using scene = await threeAgents();
    const owner = (await scene.status())['owner'] as { readonly pid: number };
    process.kill(owner.pid, 'SIGKILL');
    await until(
      'the project to be interrupted',
      async () => (await scene.status())['status'] === 'interrupted',
    );
    await until('all to be still', async () => {
      const before = await readAllFiles(scene.dir);
      await new Promise((resolve) => setTimeout(resolve, 200));
      return compareFiles(before, await readAllFiles(scene.dir)).length === 0;
    });
    const pause = await scene.one('pause');
    expect(pause).toMatchObject({ success: true });
    await expectStill(scene);
  });

  test('a stop by Ctrl-C holds the tasks and leaves nothing running', async () => {
    await using scene = await Scene.create();
    await scene.ok('init');
    await scene.addProgram('polite', polite);
    const start = scene.spawn('start');
    await scene.grown('polite.txt', 10);
    start.kill('SIGINT');
    await new Promise((resolve) => start.once('close', resolve));
    await expectStill(scene);
    expect(await scene.status()).toMatchObject({ status: 'stopped', tasks: { held: 1 } });
  });

  test('git clean, and the whole directory gone: a restore brings every byte back', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.ok('init');
    await scene.write('untracked.txt', 'untracked\n');
    await scene.ok('pause');
    const before = await readAllFiles(scene.dir);
    await scene.git('clean', '--quiet', '-fdx');
    await scene.ok('restore', 'latest', '--yes');
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
    await scene.removeDirectory();
    await scene.ok('-C', scene.dir, 'restore', 'latest', '--yes');
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
  });
});

describe('what a checkpoint covers', () => {
  test('ignored paths that the config includes come back, and others are listed and left alone', async () => {
    await using scene = await Scene.create();
    await scene.gitInit();
    await scene.ok('init');
    await scene.write('.gitignore', '*.env\nother.log\n');
    await scene.write(
      '.codeframe/config.json',
      (await scene.read('.codeframe/config.json')).replace('"include": []', '"include": ["local.env"]'),
    );
    await scene.write('local.env', 'MODE=one\n');
    await scene.write('other.log', 'one\n');
    const made = await scene.one('checkpoint', 'create');
    await scene.write('local.env', 'MODE=two\n');
    await scene.write('other.log', 'two\n');
    await scene.ok('restore', String(made['id']), '--yes');
    expect(await scene.read('local.env')).toBe('MODE=one\n');
    expect(await scene.read('other.log')).toBe('two\n');
    const shown = await scene.one('checkpoint', 'show', String(made['id']));
    expect(JSON.stringify(shown)).toContain('other.log');
  });
});
