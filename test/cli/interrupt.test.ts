import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { makeWorkplace, runCli, runShell, spawnCli, type Workplace } from '../rig/cli.ts';

/** A project with one program that says by a pipe that it runs, and then does `then`. */
async function makeRunning(place: Workplace, then: string): Promise<void> {
  const options = { cwd: place.dir, home: place.home };
  await runShell('mkfifo ../ready', options);
  await runCli(['init', '--name', 'shop'], options);
  const script = `echo runs > ../ready; ${then}`;
  await runCli(['agent', 'add', 'sleeper', '--driver', 'command', '--', 'sh', '-c', script], options);
  const added = await runCli(['task', 'add', 'Sleep', '--agent', 'sleeper'], options);
  expect(added.exitCode).toBe(0);
}

async function untilRunning(place: Workplace): Promise<void> {
  await readFile(join(place.dir, '../ready'), 'utf8');
}

function said(child: ChildProcess, words: string): Promise<void> {
  const { stderr } = child;
  if (stderr === null) throw new Error('the child has no standard error');
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stderr });
    lines.on('line', (line) => line.includes(words) && resolve());
    lines.on('close', () => reject(new Error(`it ended without saying: ${words}`)));
  });
}

async function statusOf(place: Workplace): Promise<{ status: string; tasks: Record<string, number> }> {
  const { stdout } = await runCli(['status', '--json'], { cwd: place.dir, home: place.home });
  return JSON.parse(stdout) as { status: string; tasks: Record<string, number> };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops a run: the task is held, the exit code is 130',
  async (signal) => {
    await using place = await makeWorkplace();
    await makeRunning(place, 'exec sleep 1000');
    const child = spawnCli(['start'], { cwd: place.dir, home: place.home });
    child.stdout?.resume();
    const stopping = said(child, 'Stopping. Press Ctrl-C again to cut.');
    await untilRunning(place);
    child.kill(signal);
    await stopping;
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(await statusOf(place)).toMatchObject({ status: 'stopped', tasks: { held: 1 } });
  },
);

test('a second Ctrl-C cuts what does not end by itself', async () => {
  await using place = await makeWorkplace();
  await makeRunning(place, "trap '' TERM; while :; do sleep 1; done");
  const child = spawnCli(['start'], { cwd: place.dir, home: place.home });
  child.stdout?.resume();
  const [stopping, cutting] = [said(child, 'Stopping.'), said(child, 'Cutting.')];
  await untilRunning(place);
  child.kill('SIGINT');
  await stopping;
  child.kill('SIGINT');
  await cutting;
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect(await statusOf(place)).toMatchObject({ status: 'stopped', tasks: { held: 1 } });
});

test('Ctrl-C during a pause ends the command, and the pause goes on in the runner', async () => {
  await using place = await makeWorkplace();
  await makeRunning(place, "trap '' TERM; while :; do sleep 1; done");
  const options = { cwd: place.dir, home: place.home };
  const runner = spawnCli(['start', '--no-progress'], options);
  runner.stdout?.resume();
  runner.stderr?.resume();
  await untilRunning(place);
  const pause = spawnCli(['pause', '--grace', '1s'], options);
  pause.stdout?.resume();
  const goesOn = said(pause, 'The pause goes on in the runner');
  await said(pause, 'Stopping 1 agent');
  pause.kill('SIGINT');
  await goesOn;
  expect(await once(pause, 'close')).toEqual([130, null]);
  expect(await once(runner, 'close')).toEqual([0, null]);
  expect(await statusOf(place)).toMatchObject({ status: 'paused', tasks: { held: 1 } });
});

test('events --follow ends quietly when its reader went away', async () => {
  await using place = await makeWorkplace();
  await makeRunning(place, 'exec sleep 1000');
  const options = { cwd: place.dir, home: place.home };
  const started = await runCli(['start', '--detach'], options);
  expect(started.exitCode).toBe(0);
  await untilRunning(place);
  const followed = runShell('codeframe events --follow | head -1', options);
  let ended = false;
  void followed.finally(() => (ended = true));
  // Events that nobody reads any more: one that is written before head has gone is not noticed.
  while (!ended) expect((await runCli(['task', 'add', 'More'], options)).exitCode).toBe(0);
  expect((await followed).stderr).toBe('');
  expect((await runCli(['stop', '--grace', '0s'], options)).exitCode).toBe(0);
});

test('status --watch prints a line for each change when it is no terminal, and ends with 130 on Ctrl-C', async () => {
  await using place = await makeWorkplace();
  const options = { cwd: place.dir, home: place.home };
  await runCli(['init', '--name', 'shop'], options);
  const watch = spawnCli(['status', '--watch'], options);
  const lines: string[] = [];
  const { stdout } = watch;
  if (stdout === null) throw new Error('the child has no standard output');
  const reader = createInterface({ input: stdout });
  const next = (): Promise<unknown> => once(reader, 'line');
  reader.on('line', (line) => lines.push(line));
  await next();
  const changed = next();
  await runCli(['task', 'add', 'Look'], options);
  await changed;
  watch.kill('SIGINT');
  expect(await once(watch, 'close')).toEqual([130, null]);
  expect(lines).toEqual([
    'shop is created: 0 of 0 agents working; no tasks',
    'shop is created: 0 of 0 agents working; 1 pending',
  ]);
});
