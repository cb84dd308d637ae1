import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  agentRow,
  MemorySession,
  noRows,
  taskRow,
  type AgentRows,
} from '../../../test/rig/memory-session.ts';
import {
  pidsIn,
  ProcessRig,
  runs,
  sizeOf,
  stubborn,
  stubbornFiles,
  until,
} from '../../../test/rig/processes.ts';
import type { AgentSettings } from '../../agent/agent.ts';
import type { AgentRun, RunEnd } from '../../agent/driver.ts';
import { agentMarker } from '../../agent/processes.ts';
import { CodeframeError } from '../../failure.ts';
import { silentLog } from '../../log.ts';
import type { TaskRow } from '../../task/task.ts';
import { openProcesses } from '../processes/machine-processes.ts';
import { systemClock } from '../system/system-clock.ts';
import { createCommandDriver } from './command-driver.ts';

let rig: ProcessRig;
let rows: AgentRows;
let output: string;
let project = 0;
const processes = openProcesses();

beforeEach(() => {
  rig = new ProcessRig();
  rows = noRows();
  output = '';
  project += 1;
});
afterEach(() => rig.end(pidsIn(rig.path('pids'))));

const marker = (): string => agentMarker(`pdriver${process.pid}n${project}`, 'ada', 'o1');
const driver = (env: Record<string, string> = {}) =>
  createCommandDriver({
    processes,
    clock: systemClock,
    log: silentLog,
    env: { PATH: process.env['PATH'], HOME: '/nowhere', ...env },
    projectDir: rig.dir,
    openOutput: () => ({ write: (chunk) => (output += chunk.toString()), close: () => {} }),
  });

interface Given extends AgentSettings {
  readonly task?: Partial<TaskRow>;
  readonly onWrite?: (what: string, run: () => AgentRun) => void;
}

function begin({ task, onWrite, ...settings }: Given): AgentRun {
  const row = { ...taskRow(), ...task };
  const session = new MemorySession(rows, row);
  session.onWrite = (what) => onWrite?.(what, () => run);
  const run: AgentRun = driver().begin({
    agent: agentRow(settings),
    task: row,
    projectDir: rig.dir,
    marker: marker(),
    session,
  });
  return run;
}

const sh = (script: string, ...args: string[]): Given => ({ command: ['sh', '-c', script, 'sh', ...args] });
const answerYes = (answer: string): void => {
  const open = rows.blockers.find(({ status }) => status === 'open');
  new MemorySession(rows, taskRow()).answer(open?.id ?? '', answer);
};
const read = (name: string): string => readFileSync(rig.path(name), 'utf8');

test('a program that exits with 0 has done its task; its last line is the summary', async () => {
  const end = await begin(sh('echo one; echo "two  "; echo; echo note >&2')).ended;
  expect(end).toEqual({ kind: 'done', summary: 'two' });
  expect(output).toContain('one\n');
  expect(output).toContain('note\n');
  expect(rows.steps).toMatchObject([
    { kind: 'run', name: 'sh', effect: 'idempotent', status: 'completed', repeats: null },
  ]);
  expect(rows.items).toMatchObject([{ kind: 'result', stepId: 's1', isError: false }]);
  expect(rows.items[0]?.text).toMatch(/one/);
});

test('a program that says nothing is summarised by its task', async () => {
  expect(await begin({ command: ['true'], task: { title: 'Be' } }).ended).toEqual({
    kind: 'done',
    summary: 'Be',
  });
  expect(rows.items).toEqual([]);
  expect(await begin(sh('echo note >&2')).ended).toEqual({ kind: 'done', summary: 'note' });
});

test('a program that exits with another code, or by a signal, has failed, and its last lines say why', async () => {
  const failed = await begin(sh('echo a; echo b; echo c; echo d; exit 3')).ended;
  expect(failed).toEqual({ kind: 'failed', problem: 'sh exited with code 3: b | c | d' });
  expect(await begin(sh('kill -SEGV $$')).ended).toEqual({
    kind: 'failed',
    problem: 'sh was ended by SIGSEGV',
  });
  expect(rows.steps.map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test('the program gets its task in its environment and in its arguments, and nothing on its input', async () => {
  const script = 'env > env; cat > input; printf "%s|" "$@" > args; pwd > dir';
  const task = { id: 7, title: '$& {details} "x"', details: "line 1\nline '2'" };
  await begin({ ...sh(script, 'do {task}', '{details}{task}', '{other}'), task }).ended;
  expect(read('args')).toBe(`do ${task.title}|${task.details}${task.title}|{other}|`);
  expect(read('dir')).toBe(`${rig.dir}\n`);
  expect(read('input')).toBe('');
  const env = read('env');
  expect(env).toContain(`CODEFRAME_AGENT=${marker()}\n`);
  expect(env).toContain('CODEFRAME_TASK_ID=7\n');
  expect(env).toContain(`CODEFRAME_TASK_TITLE=${task.title}\n`);
  expect(env).toContain(`CODEFRAME_TASK_DETAILS=${task.details}\n`);
  expect(env).toContain(`CODEFRAME_AGENT_NAME=ada\n`);
  expect(env).toContain(`CODEFRAME_PROJECT=${rig.dir}\n`);
  expect(env).toContain('HOME=/nowhere\n');
  expect(env).not.toContain('CODEFRAME_INTERRUPTED');
});

test('details that the system would not take as a variable are cut, and NUL is left out', async () => {
  const task = { title: 'a\0b', details: 'é'.repeat(200_000) };
  const end = await begin({ ...sh('echo "$CODEFRAME_TASK_TITLE ${#CODEFRAME_TASK_DETAILS}"'), task }).ended;
  expect(end).toMatchObject({ kind: 'done', summary: expect.stringMatching(/^ab \d{5,6}$/) as string });
});

test('the step is on record before the program starts', async () => {
  let before: string | null = null;
  const onWrite = (what: string): void => {
    if (what.startsWith('begin')) before = `${sizeOf(rig.path('out'))} ${rows.steps[0]?.status}`;
  };
  await begin({ ...sh('echo x > out'), onWrite }).ended;
  expect(before).toBe('0 started');
  expect(sizeOf(rig.path('out'))).toBe(2);
});

test('a program that is not there, is no program, or has no directory to run in is told', async () => {
  writeFileSync(rig.path('plain'), 'x');
  mkdirSync(rig.path('bin'));
  writeFileSync(rig.path('bin/tool'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('tool', rig.path('bin/link'));
  const check = (command: readonly string[] | undefined, env = {}): Promise<unknown> =>
    driver(env)
      .check(agentRow(command === undefined ? {} : { command }))
      .then(
        () => 'fine',
        (error: unknown) => (error instanceof CodeframeError ? error.failure : error),
      );
  expect(await check(['no-such-program'])).toEqual({
    code: 'missing-program',
    program: 'no-such-program',
    agent: 'ada',
  });
  expect(await check(['./plain'])).toMatchObject({ code: 'missing-program' });
  expect(await check(['./bin'])).toMatchObject({ code: 'missing-program' });
  expect(await check([''])).toMatchObject({ code: 'missing-program' });
  expect(await check([])).toMatchObject({ code: 'invalid-argument' });
  expect(await check(undefined)).toMatchObject({ code: 'invalid-argument' });
  expect(await check(['sh'])).toBe('fine');
  expect(await check(['bin/tool'])).toBe('fine');
  expect(await check(['link'], { PATH: 'bin:/usr/bin' })).toBe('fine');
  expect(await begin({ command: ['no-such-program'] }).ended).toMatchObject({
    kind: 'failed',
    problem: expect.stringMatching(/^no-such-program could not be started: .*ENOENT/) as string,
  });
  expect(await begin({ command: ['sh', 'x'.repeat(200_000)] }).ended).toMatchObject({
    kind: 'failed',
    problem: expect.stringContaining('E2BIG') as string,
  });
  rmSync(rig.dir, { recursive: true });
  expect(await begin({ command: ['true'] }).ended).toMatchObject({
    kind: 'failed',
    problem: expect.stringContaining('is not there') as string,
  });
  expect(rows.steps.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
});

test('SIGTERM tells of a pause: a program that ends by it is started again, with the step that was cut', async () => {
  const run = begin(sh('echo $$ >> pids; exec sleep 1000'));
  await until(() => pidsIn(rig.path('pids')).length === 1);
  run.finishStep();
  run.finishStep();
  expect(await run.ended).toEqual({
    kind: 'stopped',
    report: { how: 'terminated', interruptedStepId: 's1', durationMs: expect.any(Number) as number },
  });
  expect(rows.steps).toMatchObject([{ status: 'interrupted' }]);
  const again = await begin(sh('echo "after $CODEFRAME_INTERRUPTED"')).ended;
  expect(again).toEqual({ kind: 'done', summary: 'after s1' });
  expect(rows.steps).toMatchObject([{ repeats: null }, { repeats: 's1', status: 'completed' }]);
});

test('a program that answers SIGTERM with exit code 0 is done', async () => {
  const run = begin(sh('trap "echo saved; exit 0" TERM; echo $$ >> pids; while :; do sleep 0.01; done'));
  await until(() => pidsIn(rig.path('pids')).length === 1);
  run.finishStep();
  expect(await run.ended).toEqual({ kind: 'done', summary: 'saved' });
});

test('a program that is stopped by a signal of its own still learns of the pause', async () => {
  const run = begin(sh('echo $$ >> pids; kill -STOP $$; sleep 1000'));
  const [pid = 0] = await until(() =>
    pidsIn(rig.path('pids')).length === 1 ? pidsIn(rig.path('pids')) : null,
  );
  await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T '));
  run.finishStep();
  expect(await run.ended).toMatchObject({ kind: 'stopped', report: { how: 'terminated' } });
});

test('a program that ignores every signal, and all it forked, is gone when kill resolves, and writes no more', async () => {
  const run = begin(sh(stubborn));
  await until(() => stubbornFiles.every((file) => sizeOf(rig.path(file)) > 0));
  run.finishStep();
  run.cut();
  run.cut();
  await rig.whileOthersWrite();
  const pids = pidsIn(rig.path('pids'));
  expect(pids.filter(runs)).toHaveLength(5);
  await Promise.all([run.kill(), run.kill()]);
  expect(pids.filter(runs)).toEqual([]);
  const sizes = stubbornFiles.map((file) => sizeOf(rig.path(file)));
  expect(await run.ended).toMatchObject({
    kind: 'stopped',
    report: { how: 'killed', interruptedStepId: 's1' },
  });
  await run.kill();
  await rig.whileOthersWrite();
  expect(stubbornFiles.map((file) => sizeOf(rig.path(file)))).toEqual(sizes);
});

test('what a program leaves running is killed when it ends, before its end is told', async () => {
  const others = stubborn.replace(/\n[^\n]*$/, '');
  const run = begin(sh(`${others}\nwhile [ ! -e go ]; do sleep 0.01; done; echo done`));
  await until(() => pidsIn(rig.path('pids')).length === 4);
  // The driver looks once a second; here the test does.
  await processes.marked(marker());
  writeFileSync(rig.path('go'), '');
  expect(await run.ended).toEqual({ kind: 'done', summary: 'done' });
  expect(pidsIn(rig.path('pids')).filter(runs)).toEqual([]);
});

test('a program that closes its output and goes on is waited for', async () => {
  const run = begin(sh('exec >&- 2>&-; echo $$ >> pids; while [ ! -e go ]; do sleep 0.01; done; exit 4'));
  await until(() => pidsIn(rig.path('pids')).length === 1);
  writeFileSync(rig.path('go'), '');
  expect(await run.ended).toEqual({ kind: 'failed', problem: 'sh exited with code 4' });
});

test('a flood of output is slowed down, its end is kept, and the program still ends when told', async () => {
  const run = begin(sh('echo $$ >> pids; exec yes "a line of the flood"'));
  await until(() => output.length > 3_000_000);
  run.cut();
  expect(await run.ended).toMatchObject({ kind: 'stopped', report: { how: 'terminated' } });
  const [item] = rows.items;
  expect(item?.text.length).toBeLessThanOrEqual(8200);
  expect(item?.text.split('\n').slice(1, -1)).toSatisfy((lines: readonly string[]) =>
    lines.every((line) => line === 'a line of the flood'),
  );
});

test('the end of the output is text, whatever the program printed', async () => {
  const end = await begin(sh(String.raw`printf '10%%\r50%%\r\033[32m100%%\033[0m\0\377\n'`)).ended;
  expect(end).toEqual({ kind: 'done', summary: '100%\ufffd' });
  await begin(sh('i=0; while [ $i -lt 3000 ]; do printf "漢字"; i=$((i+1)); done')).ended;
  expect(rows.items[1]?.text).toMatch(/^\[…\](漢|字)+$/);
});

test('told to stop before the program was started, it is not started, and nothing has to be asked later', async () => {
  const early = begin({ ...sh('touch ran'), once: true });
  early.finishStep();
  const stopped = { kind: 'stopped', report: { how: 'between-steps', interruptedStepId: null } };
  expect(await early.ended).toMatchObject(stopped);
  expect(rows.steps).toEqual([]);
  const late = begin({
    ...sh('touch ran'),
    once: true,
    onWrite: (what, run) => void (what.startsWith('begin') && run().finishStep()),
  });
  expect(await late.ended).toMatchObject(stopped);
  expect(sizeOf(rig.path('ran'))).toBe(0);
  expect(rows.steps).toMatchObject([{ status: 'interrupted' }]);
  expect(await begin({ ...sh('echo ok'), once: true }).ended).toEqual({ kind: 'done', summary: 'ok' });
  await early.kill();
});

test('a run that must not be repeated by itself is asked about when it was cut, and the answer is honoured', async () => {
  const cut = async (): Promise<void> => {
    const run = begin({ ...sh('echo $$ >> pids; exec sleep 1000'), once: true });
    const before = pidsIn(rig.path('pids')).length;
    await until(() => pidsIn(rig.path('pids')).length > before);
    run.finishStep();
    await run.ended;
  };
  const again = (): Promise<RunEnd> => begin({ ...sh('echo ran again'), once: true }).ended;
  await cut();
  expect(rows.steps).toMatchObject([{ effect: 'unsafe', status: 'interrupted' }]);
  expect(await again()).toEqual({ kind: 'waiting', blockerId: 'b1' });
  expect(rows.blockers[0]?.question).toMatch(/^The run of sh was cut \(step s1\); run it again\?/);
  answerYes('maybe');
  expect(await again()).toEqual({ kind: 'waiting', blockerId: 'b2' });
  answerYes('no, thanks');
  expect(await again()).toMatchObject({
    kind: 'failed',
    problem: expect.stringContaining('as you said') as string,
  });
  expect(await again()).toEqual({ kind: 'done', summary: 'ran again' });
});

test('a yes is about the run that was asked about, not about a later one', async () => {
  const cut = async (): Promise<RunEnd> => {
    const seen = pidsIn(rig.path('pids')).length;
    const run = begin({ ...sh('echo $$ >> pids; exec sleep 1000'), once: true });
    const began = await Promise.race([
      run.ended.then(() => false),
      until(() => pidsIn(rig.path('pids')).length > seen),
    ]);
    if (began) run.finishStep();
    return run.ended;
  };
  await cut();
  expect(await cut()).toMatchObject({ kind: 'waiting' });
  answerYes(' YES ');
  expect(await cut()).toMatchObject({ kind: 'stopped' });
  expect(rows.steps).toMatchObject([{ repeats: null }, { repeats: 's1' }]);
  expect(await cut()).toMatchObject({ kind: 'waiting', blockerId: 'b2' });
});

test('a store that refuses the end leaves no process behind, and the run ends', async () => {
  const row = taskRow();
  const session = new MemorySession(rows, row);
  const run = driver().begin({
    agent: agentRow({ command: ['sh', '-c', 'echo $$ >> pids; exec sleep 1000'] }),
    task: row,
    projectDir: rig.dir,
    marker: marker(),
    session,
  });
  await until(() => pidsIn(rig.path('pids')).length === 1);
  session.stale = true;
  run.cut();
  expect(await run.ended).toMatchObject({ kind: 'failed', problem: 'stale-owner' });
  expect(await processes.marked(marker())).toEqual([]);
});
