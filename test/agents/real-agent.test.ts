import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { appendLine, PlanServer, type Plan } from '../rig/plan-server.ts';
import { Scene, until } from '../rig/scene.ts';
import { agentsPath, installedOf } from './installed.ts';

const steps = 13;
const plan: Plan = { steps, command: appendLine, end: 'The plan is done.' };
const allEffects = Array.from({ length: steps }, (_, step) => `effect-${step}`);

const ticking =
  'while :; do echo x >> ticks-$CODEFRAME_AGENT_NAME.txt; sleep 0.2; [ -e finish ] && exit 0; done\n';

/** A project with a real agent on the plan, and two programs at work beside it. */
async function sceneOf(driver: string, server: PlanServer): Promise<Scene> {
  const scene = await Scene.create();
  scene.env['PATH'] = agentsPath;
  await scene.ok('init');
  await scene.addProgram('one', ticking);
  await scene.addProgram('two', ticking);
  const model = ['--model', 'openai:stub', '--base-url', server.url];
  await scene.ok('agent', 'add', 'ada', '--driver', driver, ...model, '--allow', '**');
  await scene.ok('task', 'add', 'Carry out the plan', '--agent', 'ada');
  return scene;
}

async function effects(scene: Scene): Promise<readonly string[]> {
  const text = await scene.read('effects.txt').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** Lets the programs beside it end, and waits for the end of the run. */
async function untilDone(scene: Scene): Promise<void> {
  await until(
    'the task of ada to end',
    async () => {
      const tasks = await scene.ok('task', 'list');
      const task = tasks.find(({ title }) => title === 'Carry out the plan');
      if (task?.['status'] === 'failed') throw new Error(`it failed: ${JSON.stringify(task['state'])}`);
      return task?.['status'] === 'done';
    },
    120_000,
  );
  await scene.write('finish', '');
  const isCompleted = async (): Promise<boolean> => (await scene.status())['status'] === 'completed';
  await until('the project to be completed', isCompleted, 120_000).catch(async (error: unknown) => {
    const events = await scene.ok('events');
    throw new Error(
      `${String(error)}\n${events
        .slice(-20)
        .map((event) => JSON.stringify(event))
        .join('\n')}`,
    );
  });
  await rm(scene.path('finish'));
}

/**
 * Pauses while the model answers with a step, so that the agent is still at work, and lets the answer go when the pause
 * is under way: the step is finished, and the next call waits at the gateway.
 */
async function pauseAt(scene: Scene, server: PlanServer, step: number): Promise<Record<string, unknown>> {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = false;
  server.wait = async (call) => {
    if (call.step !== step) return;
    arrived = true;
    await released;
  };
  await until(`the call of step ${step}`, async () => arrived, 60_000);
  const pausing = scene.one('pause');
  await scene.untilStatus('pausing');
  release();
  return pausing;
}

function stopOf(pause: Record<string, unknown>): string {
  const agents = pause['agents'] as readonly { readonly name: string; readonly how: string }[];
  return agents.find(({ name }) => name === 'ada')?.how ?? 'none';
}

async function expectNobodyLeft(scene: Scene): Promise<void> {
  const { id } = (await scene.status())['project'] as { readonly id: string };
  const left: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/u.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes(`CODEFRAME_AGENT=${id}`)) left.push(pid);
  }
  expect(left).toEqual([]);
}

function expectLegal(server: PlanServer): void {
  expect(server.calls.flatMap(({ violations }) => violations)).toEqual([]);
}

/** What ada's home is, in the project's data. */
async function homeOf(scene: Scene): Promise<string> {
  const [project = ''] = await readdir(path.join(scene.home, 'projects'));
  return path.join(scene.home, 'projects', project, 'homes', 'ada');
}

const found = installedOf(['pi', 'codex', 'claude', 'opencode', 'qwen', 'copilot']);

describe.each(found)('%s', (driver) => {
  test('is paused at the gateway, loses its HOME and the files, and goes on at the right step', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    const pausing = pauseAt(scene, server, 4);
    await scene.ok('start', '--detach');
    const pause = await pausing;
    expect(stopOf(pause)).toBe('finished-step');
    await expectNobodyLeft(scene);
    const before = await readAllFiles(scene.dir);
    expect(await effects(scene)).toHaveLength(5);
    await rm(await homeOf(scene), { recursive: true });
    await rm(scene.path('effects.txt'));
    await scene.ok('restore', 'latest', '--yes');
    expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
    const calls = server.calls.length;
    await scene.ok('resume', '--detach');
    await untilDone(scene);
    const first = server.calls.slice(calls).find(({ step }) => step !== null);
    expect(first?.step).toBe(5);
    expect(first?.prompt).toContain('You were paused and go on now');
    expect(await effects(scene)).toEqual(allEffects);
    expectLegal(server);
  });

  test('goes back to the earlier of two checkpoints and knows nothing of what it did later', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    const pausingEarly = pauseAt(scene, server, 2);
    await scene.ok('start', '--detach');
    const early = await pausingEarly;
    const pausingLate = pauseAt(scene, server, 6);
    await scene.ok('resume', '--detach');
    await pausingLate;
    expect(await effects(scene)).toHaveLength(7);
    await scene.ok('restore', String(early['checkpointId']), '--yes');
    expect(await effects(scene)).toHaveLength(3);
    const calls = server.calls.length;
    await scene.ok('resume', '--detach');
    await untilDone(scene);
    const first = server.calls.slice(calls).find(({ step }) => step !== null);
    expect(first?.done).toEqual([0, 1, 2]);
    expect(await effects(scene)).toEqual(allEffects);
    expectLegal(server);
  });

  test('is cut in the middle of a reply, and is told so', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    let stalled = false;
    server.stall = ({ step }) => !stalled && step === 4 && (stalled = true);
    await scene.ok('start', '--detach');
    await until('the reply to stall', async () => stalled, 60_000);
    const pause = await scene.one('pause', '--grace', '0s');
    expect(stopOf(pause)).toBe('cut');
    await expectNobodyLeft(scene);
    const calls = server.calls.length;
    await scene.ok('resume', '--detach');
    await untilDone(scene);
    const first = server.calls.slice(calls).find(({ step }) => step !== null);
    expect(first?.step).toBe(4);
    expect(first?.prompt).toContain('You were stopped in the middle');
    expect(await effects(scene)).toEqual(allEffects);
    expectLegal(server);
  });

  test('is cut in the middle of a tool, of which nothing is left, and is told which', async () => {
    const slow =
      'if [ -e begun ]; then echo step 4 is done; else touch begun; echo effect-4 >> effects.txt; sleep 300; fi';
    await using server = await PlanServer.start({
      ...plan,
      command: (step) => (step === 4 ? slow : appendLine(step)),
    });
    await using scene = await sceneOf(driver, server);
    await scene.ok('start', '--detach');
    await until('the tool to begin', async () => (await effects(scene)).length === 5, 60_000);
    const pause = await scene.one('pause', '--grace', '100ms');
    expect(stopOf(pause)).toBe('cut');
    await expectNobodyLeft(scene);
    const calls = server.calls.length;
    await scene.ok('resume', '--detach');
    await untilDone(scene);
    const first = server.calls.slice(calls).find(({ step }) => step !== null);
    expect(first?.step).toBe(4);
    expect(first?.prompt).toContain('You were stopped in the middle of a tool call');
    expect(await effects(scene)).toEqual(allEffects);
    expectLegal(server);
  });

  test('goes on after everything was killed with -9', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    let isThere = false;
    server.wait = async ({ step }) => {
      if (step !== 4 || isThere) return;
      isThere = true;
      await new Promise<never>(() => undefined);
    };
    await scene.ok('start', '--detach');
    await until('step 4', async () => isThere, 60_000);
    const owner = (await scene.status())['owner'] as { readonly pid: number };
    process.kill(owner.pid, 'SIGKILL');
    await until(
      'the project to be interrupted',
      async () => (await scene.status())['status'] === 'interrupted',
    );
    await scene.ok('resume', '--detach');
    await untilDone(scene);
    expect(await effects(scene)).toEqual(allEffects);
    expectLegal(server);
  });
});
