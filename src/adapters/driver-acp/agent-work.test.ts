import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  agentRow,
  MemorySession,
  noRows,
  taskRow,
  type AgentRows,
} from '../../../test/rig/memory-session.ts';
import { ProcessRig, runs, until } from '../../../test/rig/processes.ts';
import type { AgentRun, RunEnd } from '../../agent/driver.ts';
import { permissionFor, type PermissionRules } from '../../agent/permissions.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { silentLog } from '../../log.ts';
import { openGateway } from '../gateway-http/http-gateway.ts';
import { openProcesses } from '../processes/machine-processes.ts';
import { systemClock } from '../system/system-clock.ts';
import { createAgentDriver } from './agent-driver.ts';
import { otherAcp } from './all-quirks.ts';

const fake = fileURLToPath(new URL('../../../test/rig/fake-acp-agent.mjs', import.meta.url));
const processes = openProcesses();
let rig: ProcessRig;
let rows: AgentRows;
let gateway: Gateway;
let run = 0;

beforeEach(() => {
  rig = new ProcessRig();
  rows = noRows();
  gateway = openGateway({ log: silentLog, clock: systemClock, findPriced: () => null });
  run += 1;
});
afterEach(async () => {
  await processes.killMarked(marker(), 3000);
  await gateway[Symbol.asyncDispose]();
  await rig.end([]);
});

const marker = (): string => `pacp${process.pid}n${run}/ada/o1`;

const rules: PermissionRules = { allow: [], ask: [], deny: [], lines: [] };

function begin(how: string, given: Partial<PermissionRules> = {}, command?: readonly string[]): AgentRun {
  const driver = createAgentDriver(
    {
      processes,
      clock: systemClock,
      log: silentLog,
      env: { PATH: process.env['PATH'], HOME: rig.dir },
      projectDir: rig.dir,
      homesDir: rig.path('homes'),
      userHome: rig.path('user'),
      gateway: async () => gateway,
      savedSession: async () => [],
      changesSince: async () => [{ path: 'src/a.ts', change: 'change' }],
      permissionFor: (_, line) => permissionFor({ ...rules, ...given }, line),
      rulesOf: () => ({ ...rules, ...given }),
      toolsCommand: ['codeframe', 'mcp', '--url'],
      openOutput: () => ({ write() {}, close() {} }),
    },
    otherAcp,
  );
  const agent = { ...agentRow({ command: command ?? [process.execPath, fake, how] }), driver: 'acp' };
  const task = taskRow();
  return driver.begin({
    agent,
    task,
    projectDir: rig.dir,
    marker: marker(),
    session: new MemorySession(rows, task),
  });
}

const prompts = (): readonly string[] =>
  readFileSync(rig.path('prompts'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string);

const problemOf = (end: RunEnd): string => (end.kind === 'failed' ? end.problem : `not failed: ${end.kind}`);

async function expectNobodyLeft(): Promise<void> {
  expect(await processes.marked(marker())).toEqual([]);
}

test.each(['good', 'chatters'])(
  'an agent that is %s does its task; the last it said is the summary',
  async (how) => {
    expect(await begin(how).ended).toEqual({ kind: 'done', summary: 'I have done it.' });
    expect(rows.homes[0]).toMatchObject({ turn: 'ended', taskId: 1 });
    await expectNobodyLeft();
  },
);

test.each([
  ['dies', /exited with code 3: cannot find my own files/],
  ['from-the-future', /speaks version 99 of the Agent Client Protocol/],
  ['breaks', /1000 lines that are not JSON/],
  ['floods', /1000 lines that are not JSON/],
  ['refuses', /ended its turn with refusal/],
  ['signed-out', /Authentication required \(is it signed in\? as its own documentation says\)/],
])('an agent that %s fails its task with words for it, and leaves nothing', async (how, words) => {
  expect(problemOf(await begin(how).ended)).toMatch(words);
  await expectNobodyLeft();
});

test('an agent that is not installed fails its task with words for it', async () => {
  expect(problemOf(await begin('good', {}, ['/nowhere/agent']).ended)).toContain('/nowhere/agent');
});

test('an agent that exits with 0 on a signal from elsewhere has not done its task', async () => {
  const running = begin('exits-0-on-signal');
  await until(() => existsSync(rig.path('prompts')));
  for (const { pid } of await processes.marked(marker())) process.kill(pid, 'SIGTERM');
  expect(problemOf(await running.ended)).toContain('exited with code 0');
});

test('an agent that ignores cancel and SIGTERM, and has a child that left its group, is gone after a stop', async () => {
  const running = begin('stubborn');
  await until(() => existsSync(rig.path('prompts')) && existsSync(rig.path('child')));
  running.finishStep();
  running.cut();
  await running.kill();
  expect(await running.ended).toMatchObject({ kind: 'stopped', report: { how: 'cut' } });
  expect(runs(Number(readFileSync(rig.path('child'), 'utf8')))).toBe(false);
  await expectNobodyLeft();
  expect(rows.homes[0]?.turn).toBe('cut-in-tool');
});

test('what no rule allows is asked once; the answer is given to the agent when it asks again', async () => {
  const end = await begin('asks').ended;
  expect(end).toEqual({ kind: 'waiting', blockerId: 'b1' });
  expect(rows.blockers[0]).toMatchObject({
    question: 'May it run `rm -rf build`? yes or no, always or never',
    status: 'open',
  });
  await expectNobodyLeft();
  new MemorySession(rows, taskRow()).answer('b1', 'no');
  expect(await begin('asks').ended).toEqual({ kind: 'done', summary: 'The answer was no.' });
  expect(rows.blockers).toHaveLength(1);
});

test('a question does not cut what runs beside it, and it is told that nothing was', async () => {
  const running = begin('asks-beside-a-tool');
  await until(() => rows.blockers.length === 1);
  writeFileSync(rig.path('finish'), '');
  expect(await running.ended).toEqual({ kind: 'waiting', blockerId: 'b1' });
  expect(rows.homes[0]?.turn).toBe('asking');
});

test('what a stop cuts beside a question is told as cut', async () => {
  const running = begin('asks-beside-a-tool');
  await until(() => rows.blockers.length === 1);
  running.cut();
  expect(await running.ended).toEqual({ kind: 'waiting', blockerId: 'b1' });
  expect(rows.homes[0]?.turn).toBe('cut-in-tool');
});

test('an agent that writes its session when it ends is given the time for it', async () => {
  expect(await begin('saves-late').ended).toMatchObject({ kind: 'done' });
  expect(readFileSync(rig.path('saved'), 'utf8')).toBe('whole');
});

test('what a rule denies is not asked, and not run', async () => {
  const given = { allow: ['**'], deny: ['rm *'] };
  expect(await begin('asks', given).ended).toEqual({ kind: 'done', summary: 'The answer was no.' });
  expect(rows.blockers).toEqual([]);
});

test.each([
  ['always', 'yes'],
  ['never', 'no'],
])('an answer of %s is a %s', async (answer, outcome) => {
  expect(await begin('asks').ended).toMatchObject({ kind: 'waiting' });
  new MemorySession(rows, taskRow()).answer('b1', answer);
  expect(await begin('asks').ended).toEqual({ kind: 'done', summary: `The answer was ${outcome}.` });
});

test('what a rule allows is not asked', async () => {
  expect(await begin('asks', { allow: ['rm -rf *'] }).ended).toEqual({
    kind: 'done',
    summary: 'The answer was yes.',
  });
  expect(rows.blockers).toEqual([]);
});

test('a question that comes up while the agent is to stop is not answered, and the agent is told so', async () => {
  const running = begin('asks-late', { allow: ['rm -rf *'] });
  await until(() => existsSync(rig.path('prompts')));
  running.finishStep();
  writeFileSync(rig.path('ask'), '');
  expect(await running.ended).toMatchObject({ kind: 'stopped', report: { how: 'finished-step' } });
  expect(rows.blockers).toEqual([]);
  expect(rows.homes[0]?.turn).toBe('asking');
  expect(await begin('good').ended).toMatchObject({ kind: 'done' });
  expect(prompts()[1]).toContain('That call was not run');
});

test('an agent that cannot load its session gets a new one and a handoff', async () => {
  rows.homes[0] = { agent: 'ada', sessionId: 'gone', taskId: 1, turn: 'held', fromId: null, leftAt: 5 };
  expect(await begin('good').ended).toMatchObject({ kind: 'done' });
  expect(prompts()[0]).toContain('Your earlier session could not be loaded (it cannot load sessions)');
  expect(rows.homes[0]?.sessionId).not.toBe('gone');
});

test('an agent that can goes on with its session, and is told what has changed since', async () => {
  rows.homes[0] = { agent: 'ada', sessionId: 'mine', taskId: 1, turn: 'held', fromId: null, leftAt: 5 };
  expect(await begin('loads').ended).toMatchObject({ kind: 'done' });
  expect(prompts()[0]).toMatch(
    /^You were paused and go on now[^]*- change src\/a\.ts[^]*Go on with your task:/,
  );
  expect(rows.homes[0]?.sessionId).toBe('mine');
});
