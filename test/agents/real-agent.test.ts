import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test as anyTest } from 'vitest';
import { compareFiles, readAllFiles } from '../../src/demo/read-all-files.ts';
import { appendLine, PlanServer, type PlanCall } from '../rig/plan-server.ts';
import { until, type Scene } from '../rig/scene.ts';
import {
  agentProcesses,
  allEffects,
  effects,
  emptyScene,
  expectLegal,
  homeOf,
  killAll,
  pause,
  pauseAt,
  plan,
  resumeToEnd,
  sceneOf,
  stopOf,
  untilSeen,
  type Pause,
} from './agent-scene.ts';
import { printFigures, sessionBytes } from './figures.ts';
import { installedOf } from './installed.ts';

/** Resumes to the end; answers the first call of the plan, and how long it took to come. */
async function goOn(scene: Scene, server: PlanServer): Promise<PlanCall & { readonly tookMs: number }> {
  const calls = server.planned.length;
  const resumedAt = performance.now();
  await resumeToEnd(scene);
  const first = server.planned[calls];
  if (first === undefined) throw new Error('no call of the plan came');
  return { ...first, tookMs: Math.round(first.at - resumedAt) };
}

/** Each step happened once, and whatever was sent is what a strict provider accepts. */
async function expectDone(scene: Scene, server: PlanServer): Promise<void> {
  expect(await effects(scene)).toEqual(allEffects);
  expectLegal(server);
}

/** A pause that let the step finish: what the last answer told the agent to do is done. */
async function expectStepFinished(scene: Scene, server: PlanServer, paused: Pause): Promise<void> {
  expect(stopOf(paused, 'ada')).toBe('finished-step');
  expect(await agentProcesses(scene)).toEqual([]);
  expect(await effects(scene)).toHaveLength((server.planned.at(-1)?.step ?? -1) + 1);
}

const agents = ['pi', 'codex', 'claude', 'opencode', 'qwen', 'copilot'] as const;
const found = installedOf(agents).map(({ name }) => name);
/** What `.ci/run` runs of these. */
const inCi = { tags: ['ci'] };

describe.each(agents)('%s', (driver) => {
  const test = anyTest.runIf(found.includes(driver));

  test(
    'is paused at the gateway, loses its HOME and the files, and goes on at the right step',
    inCi,
    async () => {
      await using server = await PlanServer.start(plan);
      await using scene = await sceneOf(driver, server);
      const pausing = pauseAt(scene, server, 4);
      await scene.ok('start', '--detach');
      const paused = await pausing;
      await expectStepFinished(scene, server, paused);
      const done = await effects(scene);
      const before = await readAllFiles(scene.dir);
      await rm(await homeOf(scene), { recursive: true });
      await scene.git('clean', '-fdx');
      expect(await effects(scene)).toEqual([]);
      await scene.ok('restore', 'latest', '--yes');
      expect(compareFiles(before, await readAllFiles(scene.dir))).toEqual([]);
      const first = await goOn(scene, server);
      expect(first.step).toBe(done.length);
      expect(first.prompt).toContain('You were paused and go on now');
      await expectDone(scene, server);
      const stopMs = paused.agents.find(({ name }) => name === 'ada')?.durationMs;
      printFigures(
        driver,
        `paused in ${paused.durationMs} ms (stopped in ${stopMs} ms), first call ${first.tookMs} ms after resume, ` +
          `${await sessionBytes(scene, paused)} bytes of session files in the checkpoint`,
      );
    },
  );

  test('goes back to the earlier of two checkpoints and knows nothing of what it did later', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    const pausingEarly = pauseAt(scene, server, 2);
    await scene.ok('start', '--detach');
    const early = await pausingEarly;
    const done = await effects(scene);
    const pausingLate = pauseAt(scene, server, 6);
    await scene.ok('resume', '--detach');
    await pausingLate;
    expect((await effects(scene)).length).toBeGreaterThan(done.length);
    await scene.ok('restore', early.checkpointId, '--yes');
    expect(await effects(scene)).toEqual(done);
    // What comes next the model tells from the history alone.
    expect((await goOn(scene, server)).step).toBe(done.length);
    await expectDone(scene, server);
  });

  test('is cut in the middle of a reply, and is told so', async () => {
    await using server = await PlanServer.start(plan);
    await using scene = await sceneOf(driver, server);
    let stalled = false;
    server.stall = ({ step }) => !stalled && step === 4 && (stalled = true);
    await scene.ok('start', '--detach');
    await untilSeen('the reply to stall', async () => stalled);
    expect(stopOf(await pause(scene, '--grace', '0s'), 'ada')).toBe('cut');
    expect(await agentProcesses(scene)).toEqual([]);
    const first = await goOn(scene, server);
    expect(first.step).toBe(4);
    expect(first.prompt).toContain('You were stopped in the middle');
    await expectDone(scene, server);
  });

  test('is cut in the middle of a tool, of which nothing is left, and is told which', inCi, async () => {
    const slow =
      'if [ -e begun ]; then echo step 4 is done; else touch begun; echo effect-4 >> effects.txt; sleep 300; fi';
    const command = (step: number): string => (step === 4 ? slow : appendLine(step));
    await using server = await PlanServer.start({ ...plan, command });
    await using scene = await sceneOf(driver, server);
    await scene.ok('start', '--detach');
    await untilSeen('the tool to begin', async () => (await effects(scene)).length === 5);
    expect(stopOf(await pause(scene, '--grace', '100ms'), 'ada')).toBe('cut');
    expect(await agentProcesses(scene)).toEqual([]);
    const first = await goOn(scene, server);
    expect(first.step).toBe(4);
    expect(first.prompt).toContain('You were stopped in the middle of a tool call');
    await expectDone(scene, server);
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
    await untilSeen('step 4', async () => isThere);
    await killAll(scene);
    await until('the end of it', async () => (await scene.status())['status'] === 'interrupted');
    expect((await goOn(scene, server)).step).toBe(4);
    await expectDone(scene, server);
  });

  test('sends less after the flash save of a pause, in histories that stay legal', async () => {
    const command = (step: number): string => `cat notes-${step}.txt; ${appendLine(step)}`;
    await using server = await PlanServer.start({ ...plan, command });
    await using scene = await sceneOf(driver, server);
    await writeNotes(scene);
    const pausing = pauseAt(scene, server, 10);
    await scene.ok('start', '--detach');
    const paused = await pausing;
    const last = server.planned.at(-1);
    const first = await goOn(scene, server);
    const [before, after] = [last, first].map((call) => tokensOf(call?.body ?? ''));
    expect(paused.itemsArchived).toBeGreaterThan(0);
    expect(after).toBeLessThan(before ?? 0);
    await expectDone(scene, server);
    printFigures(
      driver,
      `its memory ${paused.tokensBefore} tokens before a flash save and ${paused.tokensAfter} after it; ` +
        `the last call before ${before} tokens as sent, the next one ${after}`,
    );
  });

  test('works in the demo, where every proof holds', async () => {
    await using scene = await emptyScene();
    await scene.ok('demo', '--agent', driver);
  });
});

/** Some 2,000 tokens a step for it to read. */
async function writeNotes(scene: Scene): Promise<void> {
  const dir = path.join(import.meta.dirname, '../../src/context');
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts'));
  for (const [step, name] of names.slice(0, allEffects.length).entries())
    await scene.write(`notes-${step}.txt`, (await readFile(path.join(dir, name), 'utf8')).slice(0, 8000));
}

function tokensOf(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set() });
}
