import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Scene, until } from '../rig/scene.ts';

const fake = fileURLToPath(new URL('../rig/fake-acp-agent.mjs', import.meta.url));

async function addFake(scene: Scene, name: string, command: readonly string[]): Promise<void> {
  await scene.ok('agent', 'add', name, '--driver', 'acp', '--', ...command);
  await scene.ok('task', 'add', `work of ${name}`, '--agent', name);
}

test('agents that cannot work fail their own tasks with words for it, and the others go on', async () => {
  await using scene = await Scene.create();
  await scene.ok('init');
  await addFake(scene, 'dead', [process.execPath, fake, 'dies']);
  await addFake(scene, 'gone', ['/nowhere/agent']);
  await addFake(scene, 'out', [process.execPath, fake, 'signed-out']);
  await addFake(scene, 'fine', [process.execPath, fake, 'good']);
  await scene.run('start');
  const tasks = await scene.ok('task', 'list');
  const ends = Object.fromEntries(
    tasks.map(({ title, status, state }) => [title, `${String(status)}: ${JSON.stringify(state)}`]),
  );
  expect(ends['work of fine']).toMatch(/^done: .*I have done it/u);
  expect(ends['work of dead']).toMatch(/^failed: .*cannot find my own files/u);
  expect(ends['work of gone']).toMatch(/^failed: .*\/nowhere\/agent/u);
  expect(ends['work of out']).toMatch(/^failed: .*is it signed in/u);
});

test('a pause ends three agents that ignore SIGTERM and whose tools forked away, and no file changes any more', async () => {
  await using scene = await Scene.create();
  await scene.ok('init');
  for (const name of ['one', 'two', 'three'])
    await addFake(scene, name, [process.execPath, fake, 'leaves-writers']);
  await scene.ok('start', '--detach');
  await until('three tools to write', async () => (await ticks(scene)).length === 3, 60_000);
  await until('three agents to be asked', async () => (await prompted(scene)) === 3, 60_000);
  expect(await scene.one('pause', '--grace', '50ms')).toMatchObject({ success: true });
  expect(await marked(scene)).toEqual([]);
  const diff = await scene.one('checkpoint', 'diff', 'latest');
  expect(diff['changes']).toEqual([]);
});

async function ticks(scene: Scene): Promise<readonly string[]> {
  return (await readdir(scene.dir)).filter((name) => name.startsWith('ticks-'));
}

async function prompted(scene: Scene): Promise<number> {
  const text = await scene.read('prompts').catch(() => '');
  return text.split('\n').length - 1;
}

/** By the system's own list, not by what is tested. */
async function marked(scene: Scene): Promise<readonly string[]> {
  const { id } = (await scene.status())['project'] as { readonly id: string };
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/u.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(`CODEFRAME_AGENT=${id}`)) found.push(pid);
  }
  return found;
}
