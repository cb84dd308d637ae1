import { describe, expect, test as anyTest } from 'vitest';
import { PlanServer } from '../rig/plan-server.ts';
import type { Scene } from '../rig/scene.ts';
import { addPlanned, emptyScene, expectLegal } from './agent-scene.ts';
import { installedOf } from './installed.ts';

const found = installedOf(['pi', 'codex', 'claude', 'opencode']).map(({ name }) => name);
const [first = 'pi', second = 'codex'] = found;
const test = anyTest.runIf(found.length >= 2);

const text = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', ''].join('\n');

/** Each of its steps happens in the agent's own worktree; the second changes one line of the file that both have. */
function planOf(line: string, name: string): Promise<PlanServer> {
  const lines = [
    `echo ${name} > ${name}.txt`,
    `sed -i 's/^${line}$/${line} by ${name}/' text.txt`,
    `git rev-parse --abbrev-ref HEAD >> ${name}.txt`,
  ];
  const command = (step: number): string => `${lines[step]} && echo step ${step} is done`;
  return PlanServer.start({ steps: lines.length, command, end: 'Done.' });
}

/** A project with one file, and two agents with worktrees of their own that change a line of it each. */
async function sceneOfTwo(ada: PlanServer, bob: PlanServer): Promise<Scene> {
  const scene = await emptyScene();
  await scene.write('text.txt', text);
  await scene.git('add', 'text.txt');
  await scene.git('commit', '--quiet', '-m', 'text');
  await addPlanned(scene, { name: 'ada', driver: first, server: ada }, '--isolate');
  await addPlanned(scene, { name: 'bob', driver: second, server: bob }, '--isolate');
  return scene;
}

function replaced(...changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((lines, [line, name]) => lines.replace(line, `${line} by ${name}`), text);
}

describe(`${first} and ${second} in worktrees of their own`, () => {
  test('change one file in different places: both changes are in it, and both histories are reachable', async () => {
    await using ada = await planOf('two', 'ada');
    await using bob = await planOf('eight', 'bob');
    await using scene = await sceneOfTwo(ada, bob);
    await scene.ok('start');
    expect(await scene.read('text.txt')).toBe(replaced(['two', 'ada'], ['eight', 'bob']));
    for (const [name, server] of [
      ['ada', ada],
      ['bob', bob],
    ] as const) {
      expect(await scene.read(`${name}.txt`)).toBe(`${name}\ncodeframe/${name}\n`);
      const branches = await scene.git(
        'branch',
        '--format=%(refname:short)',
        '--contains',
        `codeframe/${name}`,
      );
      expect(branches).toContain('main');
      expectLegal(server);
    }
  });

  test('change the same line: one is merged, the other waits for a person on its branch', async () => {
    await using ada = await planOf('two', 'ada');
    await using bob = await planOf('two', 'bob');
    await using scene = await sceneOfTwo(ada, bob);
    await scene.run('start');
    const merged = await scene.read('text.txt');
    const [winner, loser] = merged.includes('ada') ? ['ada', 'bob'] : ['bob', 'ada'];
    expect(merged).toBe(replaced(['two', winner]));
    const [blocker, ...others] = await scene.ok('blocker', 'list');
    expect(others).toEqual([]);
    expect(blocker).toMatchObject({ agent: loser, status: 'open' });
    expect(String(blocker?.['question'])).toContain('text.txt');
    for (const name of [winner, loser])
      expect(await scene.git('show', `codeframe/${name}:text.txt`)).toBe(replaced(['two', name]));
    await scene.ok('blocker', 'answer', String(blocker?.['id']), 'leave');
    await scene.ok('start');
    expect(await scene.read('text.txt')).toBe(merged);
    expect(await scene.git('show', `codeframe/${loser}:${loser}.txt`)).toBe(`${loser}\ncodeframe/${loser}\n`);
    for (const server of [ada, bob]) expectLegal(server);
  });
});
