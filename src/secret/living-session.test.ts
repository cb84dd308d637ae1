import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentRow, MemorySession, noRows, taskRow, type AgentRows } from '../../test/rig/memory-session.ts';
import { createOpenModel } from '../adapters/model-ai-sdk/open-model.ts';
import { systemClock } from '../adapters/system/system-clock.ts';
import { createRunCommandTool } from '../adapters/tools-command/run-command.ts';
import { fileTools } from '../adapters/tools-files/file-tools.ts';
import { createModelDriver } from '../agent/model-loop.ts';
import { silentLog } from '../log.ts';
import { livingSession } from './living-session.ts';
import { livingItem } from './remembered-item.ts';
import { ProjectSecrets } from './secrets.ts';

const token = `gh${'p'}_${'a1B2'.repeat(9)}`;
const finish = { calls: [{ tool: 'finish_task', input: { summary: 'done' } }] };

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codeframe-living-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** What a process knows that has just begun. */
function freshSecrets(): ProjectSecrets {
  const none = { anchors: [], find: () => [] };
  return new ProjectSecrets({ key: () => Buffer.from('k'), known: () => [], loadRules: async () => none });
}

const placeholder = freshSecrets().redact(token).text;

/** Plays the turns to their end, as one process would. */
async function play(rows: AgentRows, turns: readonly object[], taskId = 1): Promise<void> {
  await writeFile(join(dir, 'turns.ndjson'), turns.map((turn) => JSON.stringify(turn)).join('\n'));
  const driver = createModelDriver({
    openModel: createOpenModel({ env: {}, clock: systemClock }),
    tools: [...fileTools, createRunCommandTool(process.env)],
    clock: systemClock,
    log: silentLog,
    projectDir: dir,
    permissionFor: () => 'allow',
  });
  const agent = agentRow({ model: 'recorded:turns.ndjson' });
  const session = livingSession(new MemorySession(rows, taskRow(taskId)), freshSecrets());
  const job = { agent, task: taskRow(taskId), projectDir: dir, marker: 'p/ada/1', session };
  expect(await driver.begin(job).ended).toMatchObject({ kind: 'done' });
}

const call = (tool: string, input: object): object => ({ calls: [{ tool, input }] });

describe('an agent that works with a secret', () => {
  it('has it while its process lives, and nothing of it is stored', async () => {
    await writeFile(join(dir, 'key.txt'), `${token}\n`);
    const rows = noRows();
    await play(rows, [
      call('read_file', { path: 'key.txt' }),
      call('write_file', { path: 'copy.txt', content: `copied ${placeholder}\n` }),
      call('run_command', { command: `printf %s '${token}' > again.txt` }),
      finish,
    ]);
    expect(await readFile(join(dir, 'copy.txt'), 'utf8')).toBe(`copied ${token}\n`);
    expect(await readFile(join(dir, 'again.txt'), 'utf8')).toBe(token);
    expect(JSON.stringify(rows.items)).not.toContain(token);
    expect(JSON.stringify(rows.items)).toContain(placeholder);
  });

  it('is told where it is gone, and nothing is overwritten with its placeholder', async () => {
    const rows = noRows();
    await writeFile(join(dir, 'key.txt'), `${token}\n`);
    const before = [call('read_file', { path: 'key.txt' }), finish];
    await play(rows, before);
    // A recording goes on behind what was said.
    await play(rows, [...before, call('write_file', { path: 'key.txt', content: placeholder }), finish], 2);
    expect(await readFile(join(dir, 'key.txt'), 'utf8')).toBe(`${token}\n`);
    const refused = rows.items.find(({ kind, isError }) => kind === 'result' && isError);
    expect(refused?.text).toContain(`[not run: ${placeholder} stands for a secret`);
  });
});

describe('what a provider signed', () => {
  it('is left out when a secret was in it and is gone', () => {
    const item = {
      kind: 'reasoning',
      text: `it is ${placeholder}`,
      promptText: null,
      meta: { signature: 's' },
    };
    const living = (secrets: ProjectSecrets): unknown => livingItem(secrets, item as never).promptText;
    expect(living(freshSecrets())).toBe('');
    const knowing = freshSecrets();
    knowing.redact(token);
    expect(living(knowing)).toBeNull();
  });
});
