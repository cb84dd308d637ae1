import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessRig, until } from '../../../test/rig/processes.ts';
import { systemClock } from '../system/system-clock.ts';
import { AcpClient, type Decision } from './acp-client.ts';

const fake = fileURLToPath(new URL('../../../test/rig/fake-acp-agent.mjs', import.meta.url));
let rig: ProcessRig;
let client: AcpClient | null = null;

beforeEach(() => {
  rig = new ProcessRig();
});
afterEach(async () => {
  client?.terminate();
  client?.close();
  await rig.end([]);
});

async function talkTo(how: string, mayDo: () => Promise<Decision>): Promise<AcpClient> {
  const env = { PATH: process.env['PATH'], CODEFRAME_AGENT: 'm' };
  client = new AcpClient({
    command: {
      file: process.execPath,
      args: [fake, how],
      dir: rig.dir,
      env,
      output: { write() {}, close() {} },
    },
    clock: systemClock,
    projectDir: rig.dir,
    mcpUrl: 'http://127.0.0.1:1/mcp',
    toolsCommand: ['codeframe', 'mcp', '--url'],
    mode: null,
    mayDo,
  });
  await client.open(null);
  return client;
}

test('a tool call counts as running from when it is pending, for some agents never say more', async () => {
  const one = await talkTo('runs-a-tool', async () => 'deny');
  void one.prompt('go').catch(() => undefined);
  await until(() => one.toolsRunning === 1);
  expect(one.isAsking).toBe(false);
});

test('a tool call that waits for a permission does not run, and one beside it does', async () => {
  const one = await talkTo('asks-beside-a-tool', async () => 'hold');
  void one.prompt('go').catch(() => undefined);
  await until(() => one.isAsking);
  expect(one.toolsRunning).toBe(1);
});

test('a question that could not be put to anybody waits no longer', async () => {
  const one = await talkTo('asks', () => Promise.reject(new Error('the store is busy')));
  expect(await one.prompt('go')).toEqual({ kind: 'ended', said: 'The answer was an error.' });
  expect(one.isAsking).toBe(false);
});

test.each([
  [
    'good',
    {
      name: 'codeframe',
      command: 'codeframe',
      args: ['mcp', '--url', 'http://127.0.0.1:1/mcp'],
      env: [{ name: 'CODEFRAME_AGENT', value: 'm' }],
    },
  ],
  ['knows-http', { type: 'http', name: 'codeframe', url: 'http://127.0.0.1:1/mcp', headers: [] }],
])('an agent that is %s gets the tools in a way that it knows', async (how, server) => {
  await talkTo(how, async () => 'deny');
  expect(JSON.parse(readFileSync(rig.path('tools'), 'utf8'))).toEqual([server]);
});
