import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { NewAgent, NewTask } from '../../src/handle.ts';
import { runKilled, type Died } from '../rig/killed-program.ts';
import { Scene } from '../rig/scene.ts';
import { expectSound, readDatabase } from '../rig/sound.ts';

/** Each command leaves a line outside the project, so that no restore takes it back: an effect that can be counted. */
function effect(name: string, seconds: number): object {
  return { tool: 'run_command', input: { command: `echo ${name} >> ../effects.log; sleep ${seconds}` } };
}

const turns = [
  { calls: [{ tool: 'write_file', input: { path: 'one.txt', content: 'one\n' } }] },
  { calls: [effect('ann-1', 5)] },
  { calls: [effect('ann-2', 0)] },
  { calls: [{ tool: 'finish_task', input: { summary: 'done' } }] },
];

const program =
  'if [ -n "$CODEFRAME_INTERRUPTED" ]; then echo again >> bob.txt; exit 0; fi\n' +
  'while :; do echo x >> bob.txt; sleep 0.05; done\n';

/** A recorded agent in the middle of a command, and a program that writes all the time. */
async function makeWorkers(scene: Scene): Promise<void> {
  const recording = path.join(scene.dir, '..', 'ann.ndjson');
  await writeFile(recording, turns.map((turn) => `${JSON.stringify(turn)}\n`).join(''));
  const agents: readonly NewAgent[] = [
    { name: 'ann', driver: 'model', settings: { model: `recorded:${recording}`, allow: ['**'] } },
    { name: 'bob', driver: 'command', settings: { command: ['sh', '-c', program] } },
  ];
  const tasks: readonly NewTask[] = [
    { title: 'ann', agent: 'ann' },
    { title: 'bob', agent: 'bob' },
  ];
  await runKilled(scene, ['setup', JSON.stringify({ agents, tasks })]);
}

/** Every value that was said under a name. */
function said(died: Died, name: string): readonly unknown[] {
  return died.said.flatMap((line) => (name in line ? [line[name]] : []));
}

async function killPauseAt(at: number): Promise<boolean> {
  await using scene = await Scene.create();
  await makeWorkers(scene);
  const died = await runKilled(scene, ['pause', String(at)]);
  const { status, owner } = await scene.status();
  expect(owner).toBeNull();
  expect(died.killed ? ['interrupted', 'pausing', 'paused'] : ['paused']).toContain(status);
  const after = await runKilled(scene, ['after', '0']);
  expect(said(after, 'status')).toEqual([status, 'paused', 'completed']);
  if (!died.killed) expect(said(after, 'pause')).toEqual(said(died, 'pause'));
  expect(said(after, 'problems')).toEqual([[]]);
  await expectSound(scene);
  return died.killed;
}

/** Some forty scenes of eight programs each: two minutes on two idle cores, and a busy machine is ten times as slow. */
const limitMs = 1_800_000;

describe('kill -9 at every step of a pause', () => {
  test(
    'status tells the truth, and pause and resume work afterwards',
    async () => {
      const steps = await forEachStep(killPauseAt);
      console.log(`killed at each of ${steps} steps of a pause`);
      expect(steps).toBeGreaterThan(10);
    },
    limitMs,
  );
});

async function killRestoreAt(at: number): Promise<boolean> {
  await using scene = await Scene.create();
  await makeWorkers(scene);
  const first = String((await scene.one('checkpoint', 'create'))['id']);
  await scene.write('one.txt', 'changed\n');
  await scene.ok('task', 'add', 'another');
  const died = await runKilled(scene, ['restore', String(at), first]);
  expect((await scene.status())['owner']).toBeNull();
  await scene.ok('pause');
  const { tasks } = await readDatabase(scene);
  const isBack = await scene.read('one.txt').then(
    () => false,
    () => true,
  );
  expect(tasks).toEqual(isBack ? [1, 2] : [1, 2, 3]);
  if (!died.killed) expect(isBack).toBe(true);
  await scene.ok('restore', first, '--yes');
  await expect(scene.read('one.txt')).rejects.toThrow('ENOENT');
  expect(said(await runKilled(scene, ['examine', '0']), 'problems')).toEqual([[]]);
  await expectSound(scene);
  return died.killed;
}

describe('kill -9 at every step of a restore', () => {
  test(
    'files and rows are both the old ones or both the new ones, and pause and restore work afterwards',
    async () => {
      const steps = await forEachStep(killRestoreAt);
      console.log(`killed at each of ${steps} steps of a restore`);
      expect(steps).toBeGreaterThan(10);
    },
    limitMs,
  );
});

/** Two at a time, until one comes to its end without being killed; answers how many were. */
async function forEachStep(killAt: (at: number) => Promise<boolean>): Promise<number> {
  for (let at = 1; ; at += 2) {
    const [one, two] = await Promise.all([killAt(at), killAt(at + 1)]);
    if (!one || !two) return one ? at : at - 1;
  }
}
