import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProcesses } from '../../src/adapters/processes/machine-processes.ts';
import { bundleFixture } from '../rig/bundle.ts';
import { pidsIn, ProcessRig, runs, sizeOf, stubborn, stubbornFiles, until } from '../rig/processes.ts';

const reaperScript = await bundleFixture(new URL('../../src/adapters/processes/reaper.ts', import.meta.url));
const runnerScript = await bundleFixture(new URL('../rig/processes-runner.ts', import.meta.url));
const processes = openProcesses();

let rig: ProcessRig;
let projectId: string;
let made = 0;
beforeEach(() => {
  rig = new ProcessRig();
  projectId = `preap${process.pid}n${++made}`;
});
afterEach(() => rig.end([...pidsIn(rig.path('pids')), ...reapers()]));

/** The reapers of this test's project, by their command line. */
function reapers(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => runs(pid) && isReaper(commandOf(pid)));
}

function isReaper(command: string): boolean {
  return command.includes(`${reaperScript} ${projectId} `) && !command.includes(runnerScript);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function startRunner(ownerId = 'o1', program = stubborn): Promise<ChildProcess> {
  const runner = rig.start([process.execPath, runnerScript, reaperScript, projectId, ownerId, program], {
    // A runner that was itself started by an agent: the reaper must not take over its marker.
    CODEFRAME_AGENT: 'pouter/agent/o0',
  });
  await once(runner.stdout ?? runner, 'data');
  await until(() => reapers().length >= 1);
  return runner;
}

const writing = (): Promise<unknown> =>
  until(() => stubbornFiles.every((file) => sizeOf(rig.path(file)) > 0));
const sizes = (): readonly number[] => stubbornFiles.map((file) => sizeOf(rig.path(file)));

test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const)(
  'a runner that dies by %s leaves no process of its agents, and no reaper',
  async (signal) => {
    const runner = await startRunner();
    await writing();
    runner.kill(signal);
    await once(runner, 'exit');
    const pids = pidsIn(rig.path('pids'));
    expect(pids).toHaveLength(5);
    await until(() => !pids.some(runs));
    const before = sizes();
    await rig.whileOthersWrite();
    expect(sizes()).toEqual(before);
    await until(() => reapers().length === 0);
  },
);

test('a runner that exits without goodbye leaves none either', async () => {
  const runner = await startRunner();
  await writing();
  runner.stdin?.write('exit\n');
  const pids = pidsIn(rig.path('pids'));
  await until(() => !pids.some(runs));
});

test('killed in the moment in which it starts its agent, a runner leaves nothing', async () => {
  for (let i = 0; i < 5; i++) {
    const runner = rig.start(
      [process.execPath, runnerScript, reaperScript, projectId, `o${i}`, 'exec sleep 1000'],
      {},
    );
    await until(() => reapers().length > 0);
    runner.kill('SIGKILL');
    await until(() => reapers().length === 0);
    expect(await processes.marked(`${projectId}/`)).toEqual([]);
  }
});

test('after a goodbye the reaper is gone and nothing was killed', async () => {
  const runner = await startRunner();
  await writing();
  runner.stdin?.write('stop\n');
  await once(runner.stdout ?? runner, 'data');
  expect(reapers()).toEqual([]);
  runner.stdin?.end();
  await once(runner, 'exit');
  expect(pidsIn(rig.path('pids')).filter(runs)).toHaveLength(5);
});

test('only the agents of the runner that died are killed, not those of the one that came after it', async () => {
  const sleeper = 'echo $$ >> pids; exec sleep 1000';
  const first = await startRunner('o1', sleeper);
  await until(() => pidsIn(rig.path('pids')).length === 1);
  const second = await startRunner('o2', sleeper);
  await until(() => pidsIn(rig.path('pids')).length === 2 && reapers().length === 2);
  const [one = 0, two = 0] = pidsIn(rig.path('pids'));
  first.kill('SIGKILL');
  await until(() => !runs(one) && reapers().length === 1);
  expect(runs(two)).toBe(true);
  second.kill('SIGKILL');
  await until(() => !runs(two) && reapers().length === 0);
});

test('signals of the terminal do not end the reaper, and one that is killed is started again', async () => {
  const runner = await startRunner();
  await writing();
  const [reaper = 0] = reapers();
  await until(() => ignores(reaper));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(reaper, signal);
  process.kill(reaper, 'SIGKILL');
  const again = await until(() => reapers().find((pid) => pid !== reaper));
  expect(runs(again)).toBe(true);
  runner.kill('SIGKILL');
  const pids = pidsIn(rig.path('pids'));
  await until(() => !pids.some(runs));
});

test('the reaper holds nothing of the project open and is nobody’s agent', async () => {
  await startRunner();
  const [reaper = 0] = reapers();
  await until(() => ignores(reaper));
  expect(readlinkSync(`/proc/${reaper}/cwd`)).toBe('/');
  const open = readdirSync(`/proc/${reaper}/fd`).map((fd) => linkOf(`/proc/${reaper}/fd/${fd}`));
  expect(open.filter((path) => path.startsWith(rig.dir))).toEqual([]);
  const env = readFileSync(`/proc/${reaper}/environ`, 'utf8');
  expect(env).not.toContain('CODEFRAME_AGENT');
  expect(await processes.marked(`${projectId}/`)).not.toContainEqual(
    expect.objectContaining({ pid: reaper }),
  );
});

/** Whether it has come to the point at which it catches the signals of a terminal: SIGHUP, SIGINT and SIGTERM. */
function ignores(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return [1n, 2n, 15n].every((signal) => (BigInt(`0x${caught}`) & (1n << (signal - 1n))) !== 0n);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return '';
  }
}
