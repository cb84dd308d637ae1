import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { bundleFixture } from '../rig/bundle.ts';
import { cliEnvironment } from '../rig/cli.ts';
import { Scene } from '../rig/scene.ts';

/** Each task adds a line to a file, changes another, makes one, and deletes the one of the task before. */
const work = (effects: string): string => `set -e
n=$CODEFRAME_TASK_ID
echo "line $n" >> list.txt
sed -i "s/^state .*/state $n/" state.txt
mkdir -p made; echo "$n" > "made/$n.txt"; rm -f "made/$((n - 1)).txt"
echo "task $n done" >> '${effects}'
`;

test('a merge that is killed at whichever step is made whole by the next start, and no program runs again', async () => {
  await using scene = await Scene.create();
  await scene.gitInit();
  await scene.write('list.txt', '');
  await scene.write('state.txt', 'first\nstate 0\nlast\n');
  await scene.git('add', '-A');
  await scene.git('commit', '--quiet', '-m', 'state');
  const { id: projectId } = await scene.one('init');
  const effects = path.join(scene.home, 'effects');
  await writeFile(effects, '');
  const program = path.join(scene.home, 'ada.sh');
  await writeFile(program, work(effects));
  await scene.ok('agent', 'add', 'ada', '--driver', 'command', '--isolate', '--', 'sh', program);
  await scene.write('mine.txt', 'mine\n');
  const dataDir = path.join(scene.home, 'projects', String(projectId));
  let task = 1;
  // The next one finds what the one before has left: it merges that first.
  while (await runKilled(scene, [dataDir, effects, String(task)])) {
    expect(await readFile(effects, 'utf8')).toBe(upTo(task, (n) => `task ${n} done`));
    task += 1;
  }
  console.log(`killed at each of ${task - 1} steps of a merge`);
  expect(task).toBeGreaterThan(12);
  expect(await readFile(effects, 'utf8')).toBe(upTo(task, (n) => `task ${n} done`));
  expect(await scene.read('list.txt')).toBe(upTo(task, (n) => `line ${n}`));
  expect(await scene.read('state.txt')).toBe(`first\nstate ${task}\nlast\n`);
  expect(await scene.read(`made/${task}.txt`)).toBe(`${task}\n`);
  expect(await scene.git('ls-files', 'made')).toBe(`made/${task}.txt\n`);
  expect(await scene.git('status', '--porcelain')).toBe('?? .codeframe/\n?? mine.txt\n');
  const merges = (await scene.git('log', '--merges', '--first-parent', '--format=%s')).trim().split('\n');
  expect(merges).toHaveLength(task);
  await scene.git('fsck', '--strict');
});

function upTo(last: number, line: (n: number) => string): string {
  return Array.from({ length: last }, (_, index) => `${line(index + 1)}\n`).join('');
}

/** Whether it was killed; false: it came to its end. */
async function runKilled(scene: Scene, args: readonly string[]): Promise<boolean> {
  const script = await bundleFixture(new URL('fixtures/killed-merge.ts', import.meta.url));
  const child = spawn(process.execPath, [script, scene.dir, ...args], {
    cwd: scene.dir,
    env: cliEnvironment({ cwd: scene.dir, home: scene.home }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the program failed: ${err}`);
  return signal === 'SIGKILL';
}
