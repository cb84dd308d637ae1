import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessRig, until } from '../../../test/rig/processes.ts';
import { HeadlessClient } from './headless-client.ts';
import type { HeadlessQuirk } from './quirk.ts';
import { claude } from './quirks/claude.ts';
import { codex } from './quirks/codex.ts';
import { pi } from './quirks/pi.ts';

let rig: ProcessRig;
let client: HeadlessClient | null = null;

beforeEach(() => {
  rig = new ProcessRig();
});
afterEach(async () => {
  client?.terminate();
  client?.close();
  await rig.end([]);
});

/** Says the first lines, waits for the file `go`, and says the rest. */
const script = `const { existsSync, watch } = require('node:fs');
const [before, after] = JSON.parse(process.argv[1]);
const say = (lines) => lines.forEach((line) => console.log(JSON.stringify(line)));
say(before);
const watching = watch('.', go);
let gone = false;
function go() {
  if (gone || !existsSync('go')) return;
  gone = true;
  watching.close();
  say(after);
}
go();`;

type Lines = readonly object[];

const cases: readonly (readonly [string, HeadlessQuirk | null, readonly [Lines, Lines]])[] = [
  [
    'claude',
    claude.headless,
    [
      [
        {
          type: 'assistant',
          message: {
            content: [
              { type: 'text', text: 'Now.' },
              { type: 'tool_use', id: 't1' },
            ],
          },
        },
        { type: 'assistant', message: { content: [{ type: 'tool_use', id: 't2' }] } },
        { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't1' }] } },
      ],
      [
        { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't2' }] } },
        { type: 'result', is_error: false, result: 'Done.' },
      ],
    ],
  ],
  [
    'codex',
    codex.headless,
    [
      [
        { type: 'item.started', item: { id: 'plan', type: 'todo_list' } },
        { type: 'item.started', item: { id: 'i1', type: 'command_execution' } },
      ],
      [
        { type: 'item.completed', item: { id: 'i1', type: 'command_execution' } },
        { type: 'item.completed', item: { id: 'i2', type: 'agent_message', text: 'Done.' } },
        { type: 'turn.completed' },
      ],
    ],
  ],
  [
    'pi',
    pi.headless,
    [
      [{ type: 'tool_execution_start', toolCallId: 't1', toolName: 'bash' }],
      [
        { type: 'tool_execution_end', toolCallId: 't1' },
        { type: 'message_end', message: { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] } },
      ],
    ],
  ],
];

test.each(cases)('%s tells by its lines which tools run', async (_, quirk, lines) => {
  if (quirk === null) throw new Error('no command line');
  const args = (): readonly string[] => ['-e', script, JSON.stringify(lines)];
  client = new HeadlessClient({
    quirk: { ...quirk, args },
    seat: {} as never,
    command: {
      file: process.execPath,
      dir: rig.dir,
      env: { PATH: process.env['PATH'] },
      output: { write() {}, close() {} },
    },
    hasSession: () => false,
    onSession: async () => {},
  });
  const running = client;
  await running.open(null);
  const turn = running.prompt('go');
  await until(() => running.toolsRunning === 1);
  writeFileSync(rig.path('go'), '');
  expect(await turn).toEqual({ kind: 'ended', said: 'Done.' });
  expect(running.toolsRunning).toBe(0);
});
