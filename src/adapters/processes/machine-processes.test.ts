import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  pidsIn,
  ProcessRig,
  runs,
  sizeOf,
  stateOf,
  stubborn,
  stubbornFiles,
  until,
  writer,
} from '../../../test/rig/processes.ts';
import { agentMarker, markerPrefix } from '../../agent/processes.ts';
import { openProcesses } from './machine-processes.ts';
import { parseStat, procTable } from './proc-table.ts';
import { parseLine, psTable } from './ps-table.ts';

let rig: ProcessRig;
let project = 0;
beforeEach(() => {
  rig = new ProcessRig();
  project += 1;
});
afterEach(() => rig.end(pidsIn(rig.path('pids'))));

/** Each test has a project of its own: the table is that of the whole machine. */
const projectId = (): string => `ptest${process.pid}n${project}`;
const marked = (agent: string) => ({ CODEFRAME_AGENT: agentMarker(projectId(), agent, 'o1') });
const sleeper = 'echo $$ >> pids; exec sleep 1000';

/** Waits until so many of `sleeper` do nothing but sleep: before, each of them is the shell, or in between. */
async function asleep(count: number): Promise<void> {
  await until(() => {
    const pids = pidsIn(rig.path('pids'));
    const commands = procTable.commands(pids);
    return pids.length === count && pids.every((pid) => commands.get(pid) === 'sleep 1000');
  });
}

describe.each([
  ['/proc', procTable],
  ['ps', { ...psTable, bootId: () => 'boot' }],
])('by %s', (name, table) => {
  const processes = openProcesses(table);

  test('the processes of an agent, and of a project, are found by their marker', async () => {
    const a = rig.sh(sleeper, marked('a'));
    const ab = rig.sh(sleeper, marked('ab'));
    rig.sh(sleeper);
    await asleep(3);
    const pids = async (prefix: string) => new Set((await processes.marked(prefix)).map(({ pid }) => pid));
    expect(await pids(markerPrefix(projectId(), 'a'))).toEqual(new Set([a.pid]));
    expect(await pids(markerPrefix(projectId()))).toEqual(new Set([a.pid, ab.pid]));
    expect(await pids(`${projectId()}x/`)).toEqual(new Set());
    expect(await processes.marked(markerPrefix(projectId(), 'a'))).toEqual([
      { pid: a.pid, command: 'sleep 1000' },
    ]);
  });

  test('killing one agent leaves the others alone, and may be done again', async () => {
    const a = rig.sh(sleeper, marked('a'));
    const b = rig.sh(sleeper, marked('b'));
    await asleep(2);
    const ended = once(a, 'exit');
    expect(await processes.killMarked(markerPrefix(projectId(), 'a'), 5000)).toEqual({ killed: 1, left: [] });
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(runs(b.pid ?? 0)).toBe(true);
    expect(await processes.killMarked(markerPrefix(projectId(), 'a'), 5000)).toEqual({ killed: 0, left: [] });
  });

  test('this process is alive; one with another start time, a zombie, and one that is gone are dead', async () => {
    const me = processes.identity();
    expect(me).toMatchObject({ pid: process.pid, host: hostname() });
    expect(processes.liveness(me)).toBe('alive');
    expect(processes.liveness({ ...me, processStart: `${me.processStart}0` })).toBe('dead');
    // The shell's child is a zombie as long as the shell, which does not wait for it, goes on as sleep.
    rig.sh('sh -c "echo \\$\\$ >> pids" & exec sleep 1000', marked('a'));
    const [pid = 0] = await until(() =>
      pidsIn(rig.path('pids')).length === 1 ? pidsIn(rig.path('pids')) : null,
    );
    const zombie = await until(() => table.entry(pid)?.over === true && table.entry(pid));
    expect(processes.liveness({ ...me, pid, processStart: zombie.start })).toBe('dead');
    expect((await processes.marked(markerPrefix(projectId()))).map((one) => one.pid)).not.toContain(pid);
    await processes.killMarked(markerPrefix(projectId()), 5000);
    expect(processes.liveness({ ...me, pid: 2 ** 22 + 1 })).toBe('dead');
  });
});

test('a program that ignores SIGTERM, forks away, wipes environments and loses parents is killed whole', async () => {
  const processes = openProcesses();
  rig.sh(stubborn, marked('a'));
  await until(() => stubbornFiles.every((file) => sizeOf(rig.path(file)) > 0));
  const pids = pidsIn(rig.path('pids'));
  expect(pids).toHaveLength(5);
  const report = await processes.killMarked(markerPrefix(projectId()), 10_000);
  expect(report.left).toEqual([]);
  expect(report.killed).toBeGreaterThanOrEqual(5);
  expect(pids.filter(runs)).toEqual([]);
  const sizes = stubbornFiles.map((file) => sizeOf(rig.path(file)));
  await rig.whileOthersWrite();
  expect(stubbornFiles.map((file) => sizeOf(rig.path(file)))).toEqual(sizes);
});

test('a program that forks without end is killed whole', async () => {
  const processes = openProcesses();
  rig.sh('echo $$ >> pids; while :; do ( sleep 1000 & ); sleep 0.005; done', marked('a'));
  await until(() => pidsIn(rig.path('pids')).length === 1);
  const found = async (): Promise<number> => (await processes.marked(markerPrefix(projectId()))).length;
  while ((await found()) < 20);
  expect((await processes.killMarked(markerPrefix(projectId()), 10_000)).left).toEqual([]);
  expect(await found()).toBe(0);
});

test('a process that is stopped is killed', async () => {
  const child = rig.sh(sleeper, marked('a'));
  await asleep(1);
  child.kill('SIGSTOP');
  expect(await openProcesses().killMarked(markerPrefix(projectId()), 10_000)).toEqual({
    killed: 1,
    left: [],
  });
});

test('frozen processes write nothing until they are let go on, and then all of them do', async () => {
  const processes = openProcesses();
  rig.sh(stubborn, marked('a'));
  const sizes = (): readonly number[] => stubbornFiles.map((file) => sizeOf(rig.path(file)));
  await until(() => sizes().every((size) => size > 0));
  const thaw = await processes.freezeMarked(markerPrefix(projectId()), 10_000);
  const frozen = sizes();
  await rig.whileOthersWrite();
  expect(sizes()).toEqual(frozen);
  thaw();
  thaw();
  await until(() => sizes().every((size, index) => size > (frozen[index] ?? 0)));
  await processes.killMarked(markerPrefix(projectId()), 10_000);
});

test('a freeze that fails half way leaves nothing frozen', async () => {
  const child = rig.sh(sleeper, marked('a'));
  await asleep(1);
  let looks = 0;
  const list = (): ReturnType<typeof procTable.list> => {
    looks += 1;
    if (looks === 2) throw new Error('too many open files');
    return procTable.list();
  };
  const freezing = openProcesses({ ...procTable, list }).freezeMarked(markerPrefix(projectId()), 10_000);
  await expect(freezing).rejects.toThrow('too many open files');
  await until(() => stateOf(child.pid ?? 0) === 'S');
});

test('what had been stopped before a freeze stays stopped after it', async () => {
  const processes = openProcesses();
  const child = rig.sh(sleeper, marked('a'));
  const pid = child.pid ?? 0;
  await asleep(1);
  child.kill('SIGSTOP');
  await until(() => stateOf(pid) === 'T');
  const thaw = await processes.freezeMarked(markerPrefix(projectId()), 10_000);
  thaw();
  expect(stateOf(pid)).toBe('T');
  await processes.killMarked(markerPrefix(projectId()), 10_000);
});

test('what was seen once is found when it has wiped its environment and lost its parent, group and session', async () => {
  const processes = openProcesses();
  const wiped = `env -i PATH="$PATH" setsid sh -c '${writer('wiped')}' & while [ ! -e go ]; do sleep 0.01; done`;
  const parent = rig.sh(wiped, marked('a'));
  await until(() => sizeOf(rig.path('wiped')) > 0);
  const gone = once(parent, 'exit');
  expect((await processes.marked(markerPrefix(projectId()))).length).toBeGreaterThanOrEqual(2);
  writeFileSync(rig.path('go'), '');
  await gone;
  expect(await openProcesses().marked(markerPrefix(projectId()))).toEqual([]);
  expect((await processes.killMarked(markerPrefix(projectId()), 10_000)).left).toEqual([]);
  expect(pidsIn(rig.path('pids')).filter(runs)).toEqual([]);
});

test.skipIf(process.getuid?.() !== 0)('another user’s marker is no reason to kill', async () => {
  const processes = openProcesses();
  const other = rig.sh('exec sleep 1000', marked('a'), { uid: 65_534, gid: 65_534 });
  const own = rig.sh(sleeper, marked('a'));
  await asleep(1);
  await until(() => procTable.commands([other.pid ?? 0]).get(other.pid ?? 0) === 'sleep 1000');
  const found = await processes.marked(markerPrefix(projectId()));
  expect(found.map(({ pid }) => pid)).toEqual([own.pid]);
  expect(await processes.killMarked(markerPrefix(projectId()), 10_000)).toEqual({ killed: 1, left: [] });
  expect(runs(other.pid ?? 0)).toBe(true);
});

test('many who kill at once all find nothing left', async () => {
  const processes = openProcesses();
  rig.sh(stubborn, marked('a'));
  await until(() => stubbornFiles.every((file) => sizeOf(rig.path(file)) > 0));
  const reports = await Promise.all(
    Array.from({ length: 8 }, () => processes.killMarked(markerPrefix(projectId()), 10_000)),
  );
  expect(reports.flatMap(({ left }) => left)).toEqual([]);
  expect(pidsIn(rig.path('pids')).filter(runs)).toEqual([]);
});

test('an owner of another host or container is elsewhere; one of another boot is dead', () => {
  const processes = openProcesses();
  const me = processes.identity();
  expect(me.bootId).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
  expect(processes.liveness({ ...me, host: 'another' })).toBe('elsewhere');
  const [boot = ''] = me.bootId.split(' ');
  expect(processes.liveness({ ...me, bootId: `${boot} pid:[1]` })).toBe('elsewhere');
  expect(processes.liveness({ ...me, bootId: '0-0 pid:[1]' })).toBe('dead');
});

test.each([0, -1, 1, 1.5, Number.NaN, 2 ** 40, null])('a forged row with pid %s is dead', (pid) => {
  const processes = openProcesses();
  expect(processes.liveness({ ...processes.identity(), pid })).toBe('dead');
  expect(processes.liveness({ pid, host: null, bootId: null, processStart: null })).toBe('dead');
});

test('pid 1 is alive when it is the owner, as in a container', () => {
  const processes = openProcesses();
  const start = procTable.entry(1)?.start ?? '';
  expect(processes.liveness({ ...processes.identity(), pid: 1, processStart: start })).toBe('alive');
});

test('a name with parentheses and blanks does not confuse the table', () => {
  const fields = 'S 7 8 9 0 -1 4194304 99 0 0 0 0 0 0 0 20 0 1 0 172891 3133440';
  expect(parseStat(5, `5 (a) b (c)) ${fields}`)).toEqual({
    pid: 5,
    parent: 7,
    group: 8,
    session: 9,
    start: '172891',
    over: false,
    stopped: false,
  });
  expect(parseStat(5, '5 (torn) S 7')).toBeNull();
  expect(parseStat(2, `2 (kthreadd) ${fields.replace('4194304', '2129984')}`)).toBeNull();
  expect(parseLine('  5   7   8 Ss+  Mon Nov 23 08:14:29 2026')).toMatchObject({
    pid: 5,
    group: 8,
    over: false,
    stopped: false,
  });
  expect(parseLine('garbage')).toBeNull();
});
