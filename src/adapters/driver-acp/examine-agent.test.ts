import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pidsIn, ProcessRig, runs } from '../../../test/rig/processes.ts';
import { silentLog } from '../../log.ts';
import { openProcesses } from '../processes/machine-processes.ts';
import { systemClock } from '../system/system-clock.ts';
import { examineAgent, needProgram } from './examine-agent.ts';
import { pi } from './quirks/pi.ts';

let rig: ProcessRig;

beforeEach(() => {
  rig = new ProcessRig();
  mkdirSync(rig.path('bin'));
});
afterEach(() => rig.end([]));

function examine(script: string): ReturnType<typeof examineAgent> {
  writeFileSync(rig.path('bin/pi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const options = {
    processes: openProcesses(),
    clock: systemClock,
    log: silentLog,
    env: { PATH: `${rig.path('bin')}:${process.env['PATH']}` },
    projectDir: rig.dir,
    homesDir: rig.path('homes'),
    userHome: rig.path('user'),
    gateway: () => Promise.reject(new Error('nothing is tried')),
    savedSession: async () => [],
    changesSince: async () => null,
    permissionFor: () => 'allow' as const,
    rulesOf: () => ({ allow: [], ask: [], deny: [], lines: [] }),
    toolsCommand: [],
    openOutput: () => ({ write() {}, close() {} }),
  };
  return examineAgent({ options, quirk: pi, agent: null, recorded: null });
}

test('an agent that is too old is told as that, with the command that brings a newer one', async () => {
  const { checks } = await examine('echo 0.1.2');
  expect(checks.find(({ name }) => name === 'version')).toEqual({
    name: 'version',
    level: 'warning',
    text: '0.1.2 is older than 0.73.1, the oldest that was tried',
    hint: 'Update it: npm install -g @mariozechner/pi-coding-agent',
  });
});

test('nothing is left of a program that is asked for its version and leaves a process with its pipe', async () => {
  const { version } = await examine(`sleep 1000 & echo $! > ${rig.path('left')}; echo pi 1.2.3`);
  expect(version).toBe('1.2.3');
  const [left = 0] = pidsIn(rig.path('left'));
  expect(left).toBeGreaterThan(0);
  expect(runs(left)).toBe(false);
});

test('the empty file of logins that an agent makes by itself is no login', async () => {
  const login = rig.path('user/.pi/agent/auth.json');
  mkdirSync(rig.path('user/.pi/agent'), { recursive: true });
  const signedIn = async (text: string): Promise<string | undefined> => {
    writeFileSync(login, text);
    return (await examine('echo 0.73.1')).checks.find(({ name }) => name === 'signed in')?.text;
  };
  expect(await signedIn('{}\n')).toBe('no login and no key were found');
  expect(await signedIn('{"openai":{"type":"api_key"}}')).toBe('by ~/.pi/agent/auth.json');
});

test('an agent that asks nobody is told as one that no rule reaches', async () => {
  const { checks } = await examine('echo 0.73.1');
  expect(checks.find(({ name }) => name === 'rules')).toMatchObject({ level: 'warning' });
});

test('an agent that is not there is named with its program', () => {
  const here = { env: { PATH: rig.path('bin') }, projectDir: rig.dir };
  const failure = { code: 'missing-program', program: 'pi', agent: 'guest' };
  expect(() => needProgram(here, pi, 'guest')).toThrow(expect.objectContaining({ failure }));
});
