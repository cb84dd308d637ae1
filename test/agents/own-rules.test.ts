import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test as anyTest } from 'vitest';
import { PlanServer } from '../rig/plan-server.ts';
import { addPlanned, dataOf, emptyScene, expectLegal } from './agent-scene.ts';
import { agentsBin, installedOf } from './installed.ts';
import type { Scene } from '../rig/scene.ts';

const test = anyTest.runIf(installedOf(['claude']).length > 0);

/** A plan whose steps each try a command line, and when that was tried go on without it. */
function trying(lines: readonly string[]): Promise<PlanServer> {
  const tried = new Set<number>();
  return PlanServer.start({
    steps: lines.length,
    command: (step) => {
      const done = `echo step ${step} is done`;
      if (tried.has(step)) return done;
      tried.add(step);
      return lines[step] ?? done;
    },
    end: 'Done.',
  });
}

/** A project that finds Claude Code and not its adapter, so that it is driven by its command line. */
async function headlessScene(): Promise<Scene> {
  const scene = await emptyScene();
  const bin = path.join(scene.home, '..', 'bin-of-claude');
  await mkdir(bin);
  await symlink(await realpath(path.join(agentsBin, 'claude')), path.join(bin, 'claude'));
  scene.env['PATH'] = [bin, process.env['PATH'] ?? ''].join(path.delimiter);
  return scene;
}

async function branches(scene: Scene): Promise<readonly string[]> {
  return (await scene.git('branch', '--format=%(refname:short)')).split('\n').filter((name) => name !== '');
}

describe('claude by its command line, where it asks nobody', () => {
  test('runs everything but what a rule denies or asks about, when everything is allowed', async () => {
    await using server = await trying(['git branch free', 'git branch denied', 'git branch asked']);
    await using scene = await headlessScene();
    const config = scene.path('.codeframe/config.json');
    const { settings, ...rest } = JSON.parse(await readFile(config, 'utf8')) as { settings: object };
    const fence = { deny: ['git branch denied*'], ask: ['git branch asked*'] };
    await writeFile(config, JSON.stringify({ ...rest, settings: { ...settings, ...fence } }));
    await addPlanned(scene, { name: 'ada', driver: 'claude', server });
    await scene.ok('start');
    expect(await branches(scene)).toEqual(['free', 'main']);
    expectLegal(server);
  });

  test('runs what a person has always allowed, and never what is never to be run', async () => {
    await using server = await trying(['git branch always', 'git branch never', 'git branch unasked']);
    await using scene = await headlessScene();
    await addPlanned(scene, { name: 'ada', driver: 'claude', server });
    const memory = path.join(await dataOf(scene), 'permissions');
    const lines = [
      { line: 'git branch always', permission: 'allow', at: 1 },
      { line: 'git branch never', permission: 'deny', at: 1 },
    ];
    // `**` was not confirmed here.
    await writeFile(path.join(memory, '2.json'), JSON.stringify({ lines, confirmed: [], agents: [] }));
    await scene.ok('start');
    expect(await branches(scene)).toEqual(['always', 'main']);
    expectLegal(server);
  });
});
