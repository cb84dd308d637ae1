import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenModel } from '../adapters/model-ai-sdk/open-model.ts';
import { createRunCommandTool } from '../adapters/tools-command/run-command.ts';
import { fileTools } from '../adapters/tools-files/file-tools.ts';
import { systemClock } from '../adapters/system/system-clock.ts';
import { silentLog } from '../log.ts';
import { legalProblem } from '../../test/rig/legal.ts';
import { agentRow, MemorySession, noRows, taskRow } from '../../test/rig/memory-session.ts';
import type { AgentRows } from '../../test/rig/memory-session.ts';
import { INSIST, NOT_RUN } from './agent-words.ts';
import type { AgentRun, RunEnd } from './driver.ts';
import { createModelDriver } from './model-loop.ts';
import { buildMessages } from './transcript.ts';

const clock = systemClock;

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codeframe-loop-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

interface Turn {
  readonly text?: string;
  readonly calls?: readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> }[];
  readonly delayMs?: number;
  readonly usage?: Readonly<Record<string, number>>;
}

async function record(...turns: readonly Turn[]): Promise<void> {
  await writeFile(join(dir, 'turns.ndjson'), turns.map((turn) => JSON.stringify(turn)).join('\n'));
}

interface Begun {
  readonly rows?: AgentRows;
  readonly taskId?: number;
  readonly allow?: readonly string[];
  readonly stepsMax?: number;
}

function beginRun(begun: Begun = {}): { run: AgentRun; session: MemorySession } {
  const session = new MemorySession(begun.rows ?? noRows(), taskRow(begun.taskId));
  const driver = createModelDriver({
    openModel: createOpenModel({ env: {}, clock }),
    tools: [...fileTools, createRunCommandTool(process.env)],
    clock,
    log: silentLog,
    projectDir: dir,
    permissionFor: (_, line) => (begun.allow?.includes(line) === true ? 'allow' : 'ask'),
    ...(begun.stepsMax === undefined ? {} : { stepsMax: begun.stepsMax }),
  });
  const agent = agentRow({ model: 'recorded:turns.ndjson' });
  const run = driver.begin({
    agent,
    task: taskRow(begun.taskId),
    projectDir: dir,
    marker: 'p/ada/1',
    session,
  });
  return { run, session };
}

async function runOnce(begun: Begun = {}): Promise<{ end: RunEnd; session: MemorySession }> {
  const { run, session } = beginRun(begun);
  return { end: await run.ended, session };
}

const finish = { tool: 'finish_task', input: { summary: 'Wrote it.' } };
const writeA = { tool: 'write_file', input: { path: 'a.txt', content: 'one\n' } };

describe('a task from its start to its end', () => {
  it('writes, reads and edits a file, and is done', async () => {
    await record(
      { text: 'I write.', calls: [writeA], usage: { inputTokens: 10, outputTokens: 3 } },
      { calls: [{ tool: 'read_file', input: { path: 'a.txt' } }] },
      { calls: [{ tool: 'edit_file', input: { path: 'a.txt', old_text: 'one', new_text: 'two' } }] },
      { calls: [finish] },
    );
    const { end, session } = await runOnce();
    expect(end).toEqual({ kind: 'done', summary: 'Wrote it.' });
    expect(await readFile(join(dir, 'a.txt'), 'utf8')).toBe('two\n');
    expect(session.rows.steps.map((step) => `${step.kind} ${step.name} ${step.status}`)).toEqual([
      'model recorded model (turns.ndjson) completed',
      'tool write_file completed',
      'model recorded model (turns.ndjson) completed',
      'tool read_file completed',
      'model recorded model (turns.ndjson) completed',
      'tool edit_file completed',
      'model recorded model (turns.ndjson) completed',
      'tool finish_task completed',
    ]);
    expect(session.rows.costs[0]).toMatchObject({
      inputTokens: 10,
      outputTokens: 3,
      recorded: true,
      costUsd: 0,
    });
    expect(legalProblem(buildMessages(session.rows.items))).toBeNull();
  });

  it('tells its tool steps which model step asked for them', async () => {
    await record({ calls: [writeA] }, { calls: [finish] });
    const { session } = await runOnce();
    const [model, tool] = session.rows.steps;
    expect(tool).toMatchObject({ parentId: model?.id, callId: 'rec-1-1', effect: 'idempotent' });
  });

  it('goes on with the next turn in the next task', async () => {
    await record({ calls: [finish] }, { calls: [writeA] }, { calls: [finish] });
    const rows = noRows();
    await runOnce({ rows });
    const { end } = await runOnce({ rows, taskId: 2 });
    expect(end.kind).toBe('done');
    expect(await readFile(join(dir, 'a.txt'), 'utf8')).toBe('one\n');
  });
});

describe('a model that does not keep to the rules', () => {
  it('is asked once whether it is done, then taken at its word', async () => {
    await record({ text: 'I think so.' }, { text: 'It is done.' });
    const { end, session } = await runOnce();
    expect(end).toEqual({ kind: 'done', summary: 'It is done.' });
    expect(session.rows.items.filter((item) => item.text === INSIST)).toHaveLength(1);
  });

  it('is not done while another call of the same reply failed', async () => {
    await record({ calls: [{ tool: 'read_file', input: { path: 'nope' } }, finish] }, { calls: [finish] });
    const { end, session } = await runOnce();
    expect(end.kind).toBe('done');
    const finishes = session.rows.items.filter(
      (item) => item.kind === 'result' && item.tool === 'finish_task',
    );
    expect(finishes.map((item) => item.isError)).toEqual([true, false]);
  });

  it('fails after two empty replies', async () => {
    await record({}, {});
    const { end } = await runOnce();
    expect(end).toEqual({ kind: 'failed', problem: 'recorded model (turns.ndjson) gave two empty replies' });
  });

  it('hears of an unknown tool and of a wrong input, and goes on', async () => {
    await record(
      {
        calls: [
          { tool: 'fly', input: {} },
          { tool: 'read_file', input: { file: 'a' } },
        ],
      },
      { calls: [finish] },
    );
    const { end, session } = await runOnce();
    expect(end.kind).toBe('done');
    const results = session.rows.items.filter((item) => item.kind === 'result');
    expect(results[0]).toMatchObject({ isError: true, text: expect.stringContaining('no tool fly') });
    expect(results[1]).toMatchObject({ isError: true, text: expect.stringContaining('does not fit') });
  });

  it('fails when it is not done after the limit of calls', async () => {
    await record(...Array.from({ length: 9 }, () => ({ calls: [{ tool: 'list_files', input: {} }] })));
    const { end, session } = await runOnce({ stepsMax: 3 });
    expect(end).toMatchObject({ kind: 'failed', problem: expect.stringContaining('3 calls') });
    expect(session.rows.steps.filter((step) => step.kind === 'model')).toHaveLength(3);
  });

  it('fails with words when the recording ends', async () => {
    await record({ calls: [writeA] });
    const { end, session } = await runOnce();
    expect(end).toMatchObject({ kind: 'failed', problem: expect.stringContaining('no more turns') });
    expect(session.rows.steps.at(-1)).toMatchObject({ kind: 'model', status: 'failed' });
  });
});

describe('asking a person', () => {
  it('waits for an answer, which becomes the result of the call', async () => {
    await record(
      { calls: [{ tool: 'ask_person', input: { question: 'Which port?' } }, writeA] },
      { calls: [finish] },
    );
    const rows = noRows();
    const first = await runOnce({ rows });
    expect(first.end).toEqual({ kind: 'waiting', blockerId: 'b1' });
    first.session.answer('b1', '8080');
    const { end } = await runOnce({ rows });
    expect(end.kind).toBe('done');
    const results = rows.items.filter((item) => item.kind === 'result').map((item) => item.text);
    expect(results).toEqual(['A person answered: 8080', 'Wrote a.txt (1 line).', 'The task is finished.']);
  });

  it('asks the same question again, not twice, when it was lost before the answer', async () => {
    await record(
      { calls: [{ tool: 'ask_person', input: { question: 'Which port?' } }] },
      { calls: [finish] },
    );
    const rows = noRows();
    await runOnce({ rows });
    const { end } = await runOnce({ rows });
    expect(end).toEqual({ kind: 'waiting', blockerId: 'b1' });
    expect(rows.blockers).toHaveLength(1);
  });

  it('runs a command only after a person allowed it', async () => {
    await record(
      { calls: [{ tool: 'run_command', input: { command: 'echo hi > made' } }] },
      { calls: [finish] },
    );
    const rows = noRows();
    const first = await runOnce({ rows });
    expect(first.end.kind).toBe('waiting');
    expect(rows.blockers[0]?.subject).toEqual({ kind: 'command', line: 'echo hi > made' });
    await expect(readFile(join(dir, 'made'))).rejects.toThrow('ENOENT');
    first.session.answer('b1', 'yes');
    expect((await runOnce({ rows })).end.kind).toBe('done');
    expect(await readFile(join(dir, 'made'), 'utf8')).toBe('hi\n');
  });

  it('tells the model when a person refused a command, and never runs it', async () => {
    const call = { tool: 'run_command', input: { command: 'touch made' } };
    await record({ calls: [call] }, { calls: [call] }, { calls: [finish] });
    const rows = noRows();
    const first = await runOnce({ rows });
    first.session.answer('b1', 'no, use make');
    expect((await runOnce({ rows })).end.kind).toBe('done');
    const results = rows.items.filter((item) => item.kind === 'result' && item.tool === 'run_command');
    expect(results).toHaveLength(2);
    expect(results.every((item) => item.isError && item.text.includes('no, use make'))).toBe(true);
    await expect(readFile(join(dir, 'made'))).rejects.toThrow('ENOENT');
  });

  it('runs an allowed command without asking', async () => {
    await record({ calls: [{ tool: 'run_command', input: { command: 'echo hi' } }] }, { calls: [finish] });
    const { end, session } = await runOnce({ allow: ['echo hi'] });
    expect(end.kind).toBe('done');
    expect(session.rows.items.find((item) => item.kind === 'result')?.text).toBe('hi\n[exit code 0]');
  });
});

describe('being stopped', () => {
  it('ends between steps, and goes on with the call that had not started', async () => {
    await record(
      { calls: [writeA, { ...writeA, input: { path: 'b.txt', content: 'b' } }] },
      { calls: [finish] },
    );
    const rows = noRows();
    const { run, session } = beginRun({ rows });
    session.onWrite = (what) => {
      if (what === 'begin write_file') run.finishStep();
    };
    expect(await run.ended).toMatchObject({ kind: 'stopped', report: { interruptedStepId: null } });
    expect(rows.steps).toHaveLength(2);
    const { end } = await runOnce({ rows });
    expect(end.kind).toBe('done');
    expect(await readFile(join(dir, 'b.txt'), 'utf8')).toBe('b');
    expect(rows.steps.some((step) => step.repeats !== null)).toBe(false);
    expect(legalProblem(buildMessages(rows.items))).toBeNull();
  });

  it('drops a model call that was cut, and makes it again', async () => {
    await record({ text: 'slow', calls: [writeA], delayMs: 60_000 });
    const rows = noRows();
    const { run, session } = beginRun({ rows });
    session.onWrite = (what) => {
      if (what.startsWith('begin recorded')) setImmediate(() => run.cut());
    };
    expect(await run.ended).toMatchObject({
      kind: 'stopped',
      report: { how: 'cut', interruptedStepId: rows.steps[0]?.id },
    });
    expect(rows.steps[0]?.status).toBe('interrupted');
    expect(rows.items.map((item) => item.kind)).toEqual(['task']);
    await record({ calls: [finish] });
    expect((await runOnce({ rows })).end.kind).toBe('done');
    const note = rows.items.find((item) => item.kind === 'user');
    expect(note?.text).toContain('a call of the model');
    expect(note?.text).toContain('What is next');
  });

  it('cuts a command, says so in its result, and never runs it again by itself', async () => {
    const command = 'echo x >> log; sleep 60';
    await record({ calls: [{ tool: 'run_command', input: { command } }] }, { calls: [finish] });
    const rows = noRows();
    const { run } = beginRun({ rows, allow: [command] });
    await until(async () => (await readFile(join(dir, 'log'), 'utf8').catch(() => '')) === 'x\n');
    run.cut();
    expect(await run.ended).toMatchObject({ kind: 'stopped', report: { how: 'cut' } });
    await run.kill();
    expect(rows.items.at(-1)).toMatchObject({ kind: 'result', isError: true });
    expect((await runOnce({ rows, allow: [command] })).end.kind).toBe('done');
    expect(await readFile(join(dir, 'log'), 'utf8')).toBe('x\n');
  });

  it('does not run what was to follow a call that was cut, and does not take the task for done', async () => {
    const command = 'echo x >> log; sleep 60';
    await record(
      { calls: [{ tool: 'run_command', input: { command } }, writeA, finish] },
      { calls: [finish] },
    );
    const rows = noRows();
    const { run } = beginRun({ rows, allow: [command] });
    await until(async () => (await readFile(join(dir, 'log'), 'utf8').catch(() => '')) === 'x\n');
    run.cut();
    await run.ended;
    await run.kill();
    expect((await runOnce({ rows, allow: [command] })).end.kind).toBe('done');
    const results = rows.items.filter((item) => item.kind === 'result');
    expect(results.map((item) => item.text)).toEqual([
      expect.stringContaining('[interrupted:'),
      NOT_RUN,
      NOT_RUN,
      'The task is finished.',
    ]);
    await expect(readFile(join(dir, 'a.txt'))).rejects.toThrow('ENOENT');
  });

  it('ends quietly when the owner is stale, and writes nothing more', async () => {
    await record({ calls: [writeA] }, { calls: [finish] });
    const { run, session } = beginRun();
    session.onWrite = (what) => {
      if (what === 'begin write_file') session.stale = true;
    };
    expect((await run.ended).kind).toBe('stopped');
    expect(session.rows.steps.at(-1)?.status).toBe('started');
  });
});

describe('after a crash at any write', () => {
  const command = 'echo x >> log';
  const turns = [
    { text: 'Begin.', calls: [writeA, { tool: 'read_file', input: { path: 'a.txt' } }] },
    { calls: [{ tool: 'run_command', input: { command } }] },
    { text: 'Nearly.' },
    { calls: [finish] },
  ];

  it('goes on to the same end, with legal histories and the command run at most once', async () => {
    await record(...turns);
    const clean = await runOnce({ allow: [command] });
    expect(clean.end.kind).toBe('done');
    let flagged = 0;
    for (let crashAt = 1; crashAt <= clean.session.writes; crashAt++) {
      await rm(join(dir, 'log'), { force: true });
      await rm(join(dir, 'a.txt'), { force: true });
      const rows = noRows();
      const { run, session } = beginRun({ rows, allow: [command] });
      session.crashAt = crashAt;
      expect((await run.ended).kind, `crash at ${crashAt}`).toBe('failed');
      MemorySession.recover(rows);
      const again = await runOnce({ rows, allow: [command] });
      expect(again.end, `crash at ${crashAt}`).toEqual({ kind: 'done', summary: 'Wrote it.' });
      expect(legalProblem(buildMessages(rows.items)), `crash at ${crashAt}`).toBeNull();
      expect(await readFile(join(dir, 'log'), 'utf8'), `crash at ${crashAt}`).toBe('x\n');
      expect(unflaggedRepeats(rows), `crash at ${crashAt}`).toEqual([]);
      flagged += rows.steps.filter((step) => step.repeats !== null).length;
    }
    // What was read when the run died is read again, and says so.
    expect(flagged).toBeGreaterThan(0);
  });
});

/** Tool steps of one call after its first, that do not say which one they repeat. */
function unflaggedRepeats(rows: AgentRows): readonly string[] {
  const tools = rows.steps.filter((step) => step.kind === 'tool');
  return tools
    .filter(
      (step, index) =>
        step.repeats === null && tools.slice(0, index).some((other) => other.callId === step.callId),
    )
    .map((step) => step.name);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
