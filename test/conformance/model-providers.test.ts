import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenModel } from '../../src/adapters/model-ai-sdk/open-model.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { createRunCommandTool } from '../../src/adapters/tools-command/run-command.ts';
import { fileTools } from '../../src/adapters/tools-files/file-tools.ts';
import type { AgentRun, RunEnd } from '../../src/agent/driver.ts';
import type { Message } from '../../src/agent/model.ts';
import { createModelDriver } from '../../src/agent/model-loop.ts';
import type { Clock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import { agentRow, MemorySession, noRows, taskRow } from '../rig/memory-session.ts';
import type { AgentRows } from '../rig/memory-session.ts';
import { ModelServer, wires } from '../rig/model-server.ts';
import type { Misbehaviour, ScriptTurn, Wire } from '../rig/model-server.ts';
import { generate } from './model.ts';

const env = { ANTHROPIC_API_KEY: 'key-4711', OPENAI_API_KEY: 'key-4711', GEMINI_API_KEY: 'key-4711' };

/** Names by which the SDK knows that a model can do what the script does. */
const models: Readonly<Record<string, string>> = {
  anthropic: 'claude-sonnet-4-5',
  openai: 'gpt-5',
  google: 'gemini-2.5-pro',
};

let dir: string;
let waits: number[];
/** Waits take no time, and are written down. */
const clock: Clock = {
  ...systemClock,
  async sleep(ms) {
    waits.push(ms);
  },
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codeframe-provider-'));
  waits = [];
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

interface At {
  readonly server: ModelServer;
  readonly wire: Wire;
}

function modelName(wire: Wire): string {
  return `${wire.name}:${models[wire.name] ?? 'scripted'}`;
}

function begin({ server, wire }: At, rows: AgentRows): { run: AgentRun; session: MemorySession } {
  const session = new MemorySession(rows, taskRow());
  const driver = createModelDriver({
    openModel: createOpenModel({ env, clock }),
    tools: [...fileTools, createRunCommandTool(process.env)],
    clock,
    log: silentLog,
    projectDir: dir,
    permissionFor: (_, line) => (line === 'cat a.txt b.txt >> log' ? 'allow' : 'ask'),
  });
  const agent = agentRow({ model: modelName(wire), baseUrl: server.url(wire) });
  const run = driver.begin({ agent, task: taskRow(), projectDir: dir, marker: 'p/ada/1', session });
  return { run, session };
}

async function work(at: At, rows: AgentRows = noRows()): Promise<{ end: RunEnd; rows: AgentRows }> {
  return { end: await begin(at, rows).run.ended, rows };
}

/** A real task: two files in one reply, one of them edited, a command, and the end. */
const task: readonly ScriptTurn[] = [
  {
    reasoning: 'Two files are needed.',
    text: 'I write both.',
    calls: [
      { tool: 'write_file', input: { path: 'a.txt', content: 'one\n' } },
      { tool: 'write_file', input: { path: 'b.txt', content: 'two\n' } },
    ],
  },
  {
    calls: [
      { tool: 'read_file', input: { path: 'a.txt' } },
      { tool: 'read_file', input: { path: 'nope.txt' } },
    ],
  },
  {
    reasoning: 'One of them is wrong.',
    calls: [{ tool: 'edit_file', input: { path: 'a.txt', old_text: 'one', new_text: 'first' } }],
  },
  { text: 'Now the log.', calls: [{ tool: 'run_command', input: { command: 'cat a.txt b.txt >> log' } }] },
  { text: 'All is there.' },
  { calls: [{ tool: 'finish_task', input: { summary: 'Wrote both.' } }] },
];

const done = { kind: 'done', summary: 'Wrote both.' };
const read: ScriptTurn = { calls: [{ tool: 'list_files', input: {} }] };
const finish: ScriptTurn = { calls: [{ tool: 'finish_task', input: { summary: 'Wrote both.' } }] };

describe.each(wires.map((wire) => [wire.name, wire] as const))('a task over the wire of %s', (_, wire) => {
  it('is done, with real tools, and every history is accepted', async () => {
    await using server = await ModelServer.start(task);
    const { end, rows } = await work({ server, wire });
    expect(server.refused).toEqual([]);
    expect(end).toEqual(done);
    expect(await readFile(join(dir, 'log'), 'utf8')).toBe('first\ntwo\n');
    expect(rows.costs).toHaveLength(task.length);
    expect(rows.costs[0]).toMatchObject({
      inputTokens: 100,
      cacheReadTokens: 40,
      outputTokens: 7,
      recorded: false,
    });
    expect(rows.costs[0]?.costUsd === null).toBe(wire.name === 'openai-compatible');
    expect(server.received.every(({ history }) => history[0]?.role === 'user')).toBe(true);
    const last = server.received.at(-1)?.history ?? [];
    expect(last.filter((message) => message.role === 'assistant')).toHaveLength(task.length - 1);
  });

  it('goes on after a crash at any write, with histories that the provider accepts', async () => {
    const clean = await ModelServer.start(task);
    const first = begin({ server: clean, wire }, noRows());
    expect(await first.run.ended).toEqual(done);
    await clean[Symbol.asyncDispose]();
    for (let crashAt = 2; crashAt <= first.session.writes; crashAt += 5) {
      for (const name of ['a.txt', 'b.txt', 'log']) await rm(join(dir, name), { force: true });
      await using server = await ModelServer.start(task);
      const rows = noRows();
      const { run, session } = begin({ server, wire }, rows);
      session.crashAt = crashAt;
      await run.ended;
      MemorySession.recover(rows);
      expect(await work({ server, wire }, rows), `crash at ${crashAt}`).toMatchObject({ end: done });
      expect(server.refused, `crash at ${crashAt}`).toEqual([]);
    }
  });

  it('marks what the provider may keep in its cache', async () => {
    if (wire.name !== 'anthropic') return; // the others cache by themselves
    await using server = await ModelServer.start([read, finish]);
    await work({ server, wire });
    for (const { body } of server.received)
      expect(JSON.stringify(body).match(/"cache_control":\{"type":"ephemeral"\}/g)).toHaveLength(2);
  });

  it('goes on after it was cut in the middle of a reply', async () => {
    await using server = await ModelServer.start([read, finish]);
    const rows = noRows();
    server.misbehave = (request) => (request === 2 ? { kind: 'hangs', after: 'some' } : null);
    const { run } = begin({ server, wire }, rows);
    await server.nextRequest();
    await server.nextRequest();
    run.cut();
    expect(await run.ended).toMatchObject({ kind: 'stopped', report: { how: 'cut' } });
    expect(await work({ server, wire }, rows)).toMatchObject({ end: done });
    expect(server.refused).toEqual([]);
  });

  it('tells the model that the input of its call was no JSON', async () => {
    if (wire.name === 'google') return; // its wire carries no text for an input
    await using server = await ModelServer.start([{ rawInput: '{"path": "a' }, finish]);
    const { end, rows } = await work({ server, wire });
    expect(end).toEqual(done);
    expect(server.refused).toEqual([]);
    expect(rows.items.find((item) => item.kind === 'result')?.text).toContain('not a JSON object');
  });

  it('asks for smaller pieces when a reply was too long', async () => {
    await using server = await ModelServer.start([{ text: 'Once upon', length: true }, finish]);
    const { end, rows } = await work({ server, wire });
    expect(end).toEqual(done);
    expect(rows.items.some((item) => item.kind === 'user' && item.text.includes('length limit'))).toBe(true);
  });

  it('is refused with 401: says so once, with what to do, and without the key', async () => {
    await using server = await ModelServer.start([finish]);
    server.misbehave = () => ({ kind: 'status', status: 401 });
    const { end } = await work({ server, wire });
    expect(end).toMatchObject({ kind: 'failed', problem: expect.stringContaining('401') });
    expect(JSON.stringify(end)).not.toContain('key-4711');
    expect(server.requests).toBe(1);
    expect(JSON.stringify(server.received[0]?.key ?? '')).toContain(
      wire.name === 'openai-compatible' ? '' : '4711',
    );
  });

  it.each([
    ['retry-after', { 'retry-after': '7' }, 7_000],
    ['retry-after-ms', { 'retry-after-ms': '250', 'retry-after': '7' }, 250],
  ])('waits as long as 429 says in %s', async (__, headers, waitMs) => {
    await using server = await ModelServer.start([finish]);
    server.misbehave = (request) => (request === 1 ? { kind: 'status', status: 429, headers } : null);
    const { end } = await work({ server, wire });
    expect(end).toEqual(done);
    expect(waits).toEqual([waitMs]);
  });

  it('gives up at once when it would have to wait for too long', async () => {
    await using server = await ModelServer.start([finish]);
    server.misbehave = () => ({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
    expect((await work({ server, wire })).end.kind).toBe('failed');
    expect(server.requests).toBe(1);
    expect(waits).toEqual([]);
  });

  it.each([500, 503, 529])('waits longer each time after %i, at most five times', async (status) => {
    await using server = await ModelServer.start([finish]);
    server.misbehave = () => ({ kind: 'status', status });
    expect((await work({ server, wire })).end).toMatchObject({ kind: 'failed' });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(server.requests).toBe(6);
  });

  it.each(['html', 'broken-json', 'dropped', 'ends-early'] as const)(
    'calls again after nonsense (%s), and gives up when it goes on',
    async (kind) => {
      await using server = await ModelServer.start([finish]);
      const fault: Misbehaviour = { kind };
      server.misbehave = (request) => (request === 1 ? fault : null);
      expect(await work({ server, wire })).toMatchObject({ end: done });
      server.misbehave = () => fault;
      const { end, rows } = await work({ server, wire });
      expect(end.kind).toBe('failed');
      expect(rows.items.map((item) => item.kind)).toEqual(['task']);
      expect(server.requests).toBeLessThanOrEqual(8);
    },
  );

  it('takes a reply that stands still for a broken connection', async () => {
    await using server = await ModelServer.start([{ text: 'Hello.' }]);
    server.misbehave = (request) =>
      request === 1
        ? { kind: 'hangs', after: 'some' }
        : request === 2
          ? { kind: 'hangs', after: 'nothing' }
          : null;
    const openModel = createOpenModel({ env, clock, idleMs: 300 });
    const model = await openModel({
      agent: 'ada',
      model: modelName(wire),
      baseUrl: server.url(wire),
      projectDir: dir,
    });
    const start: readonly Message[] = [{ role: 'user', text: 'Do it.' }];
    expect((await generate(model, start)).parts).toMatchObject([{ type: 'text', text: 'Hello.' }]);
    // More when this machine itself stood still for a moment.
    expect(server.requests).toBeGreaterThanOrEqual(3);
  });

  it('stops at once when it is told to while it only waits to call again', async () => {
    await using server = await ModelServer.start([finish]);
    server.misbehave = () => ({ kind: 'status', status: 429, headers: { 'retry-after': '60' } });
    const model = await createOpenModel({ env, clock: systemClock })({
      agent: 'ada',
      model: modelName(wire),
      baseUrl: server.url(wire),
      projectDir: dir,
    });
    const abort = new AbortController();
    const calling = model.generate({
      instructions: 'x',
      messages: [{ role: 'user', text: 'Do it.' }],
      tools: [],
      signal: abort.signal,
      onWait: () => setImmediate(() => abort.abort(new Error('told to stop'))),
    });
    await expect(calling).rejects.toThrow('told to stop');
  });

  it('fails with words when nothing listens', async () => {
    const server = await ModelServer.start([finish]);
    const at = { server, wire };
    const { run } = begin(at, noRows());
    await run.ended;
    const url = server.url(wire);
    await server[Symbol.asyncDispose]();
    const model = await createOpenModel({ env, clock })({
      agent: 'ada',
      model: modelName(wire),
      baseUrl: url,
      projectDir: dir,
    });
    await expect(generate(model, [{ role: 'user', text: 'x' }])).rejects.toMatchObject({
      failure: { code: 'model-refused', httpStatus: null, retryable: true },
    });
  });
});
