import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/agent/model.ts';
import { openRecordedTurns } from '../../src/adapters/gateway-http/recorded-server.ts';
import { isFailure } from '../../src/failure.ts';
import { openScene } from '../rig/gateway.ts';
import { protocolCases } from '../rig/protocol-cases.ts';
import { send } from '../rig/raw-client.ts';

const turns = [
  '# what a model said',
  '{"text":"I look.","shell":"ls"}',
  '{"calls":[{"tool":"read_file","input":{"path":"a.txt"}}]}',
  '{"text":"All is done."}',
].join('\n');

async function withRecording(text: string, work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'codeframe-recorded-'));
  try {
    await writeFile(join(dir, 'turns.ndjson'), text);
    await work(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const work: Message = { role: 'user', text: 'work' };
const call = (callId: string, tool: string, input: object): Message => ({
  role: 'assistant',
  parts: [{ type: 'call', callId, tool, input }],
});
const result = (callId: string, tool: string): Message => ({
  role: 'tool',
  results: [{ callId, tool, text: 'fine', isError: false }],
});

describe.each(protocolCases.filter(({ protocol }) => protocol !== 'gemini'))(
  'a recording in $protocol',
  (protocol) => {
    it('says its turns by what the history holds, also after a turn was cut, and is told to be a recording', () =>
      withRecording(turns, async (projectDir) => {
        await using scene = await openScene(
          { protocol: protocol.protocol, baseUrl: 'recorded:turns.ndjson', recorded: true },
          { projectDir },
        );
        const ask = async (history: readonly Message[], streamed: boolean): Promise<string> => {
          const { path, headers, body } = protocol.request(history, streamed);
          const shell = body
            .replaceAll('read_file', 'bash')
            .replaceAll('{"type":"object"}', '{"type":"object","properties":{"command":{"type":"string"}}}');
          const sent = { path, headers: Object.entries(headers).flat(), body: shell };
          return (await send(scene.line.baseUrl, sent)).body.toString();
        };
        for (const streamed of [true, false]) {
          const first = await ask([work], streamed);
          expect(first).toContain('I look.');
          expect(first).toContain('rec_1_1');
          const cut: Message = { role: 'assistant', parts: [{ type: 'text', text: 'I look.' }] };
          expect(await ask([work, cut, work], streamed)).toContain('rec_1_1');
          const aborted: Message = {
            role: 'tool',
            results: [
              {
                callId: 'rec_1_1',
                tool: 'bash',
                text: '[Tool call interrupted: the session ended]',
                isError: true,
              },
            ],
          };
          expect(await ask([work, call('rec_1_1', 'bash', {}), aborted, work], streamed)).toContain(
            'rec_1_1_2',
          );
          const one = [work, call('rec_1_1', 'bash', { command: 'ls' }), result('rec_1_1', 'bash')];
          expect(await ask(one, streamed)).toContain('rec_2_1');
          const two = [...one, call('rec_2_1', 'bash', {}), result('rec_2_1', 'bash')];
          expect(await ask(two, streamed)).toContain('All is done.');
          const over: Message = { role: 'assistant', parts: [{ type: 'text', text: 'All is done.' }] };
          expect(await ask([...two, over, work], streamed)).toContain('has no more turns (it has 3)');
        }
        await scene.ended(12);
        expect(scene.rows.steps[0]).toMatchObject({ name: 'recorded model (scripted)', status: 'completed' });
        expect(scene.rows.costs[0]).toMatchObject({
          recorded: true,
          costUsd: 0,
          model: 'recorded model (scripted)',
        });
      }));
  },
);

it('refuses a file that is none, or whose lines are no turns', () =>
  withRecording('{"text":"fine"}\n{"txt":1}', async (projectDir) => {
    const open = (file: string) =>
      openScene({ protocol: 'gemini', baseUrl: `recorded:${file}` }, { projectDir });
    await expect(open('turns.ndjson')).rejects.toSatisfy((error) => isFailure(error, 'corrupt-recording'));
    await expect(open('nothing')).rejects.toSatisfy((error) => isFailure(error, 'unknown-model'));
  }));

it('tells by the number of results where it is when calls have no ids', async () => {
  const gemini = protocolCases.find(({ protocol }) => protocol === 'gemini')!;
  const turns = [{ text: 'I look.', calls: [{ tool: 'read_file', input: {} }] }, { text: 'All is done.' }];
  await using recorded = await openRecordedTurns(turns);
  const ask = async (history: readonly Message[]): Promise<string> => {
    const { path, headers, body } = gemini.request(history);
    return (
      await send(recorded.url, { path, headers: Object.entries(headers).flat(), body })
    ).body.toString();
  };
  expect(await ask([work])).toContain('I look.');
  const one = [work, call('', 'read_file', {}), result('', 'read_file')];
  expect(await ask(one)).toContain('All is done.');
});

it.each(protocolCases)(
  'says its last words again in $protocol, each reply with an id of its own',
  async (protocol) => {
    await using recorded = await openRecordedTurns([{ text: 'Fine.' }]);
    const fine: Message = { role: 'assistant', parts: [{ type: 'text', text: 'Fine.' }] };
    const histories = [[work], [work, fine, { role: 'user', text: 'again' } as const]];
    const answers = [];
    for (const history of histories) {
      const { path, headers, body } = protocol.request(history);
      answers.push(await send(recorded.url, { path, headers: Object.entries(headers).flat(), body }));
    }
    const said = answers.map(({ body }) => body.toString());
    for (const one of said) expect(one).toContain('Fine.');
    const ids = said.map((one) => /recorded_[\d_]+/.exec(one)?.[0]);
    expect(new Set(ids).size).toBe(2);
    expect(recorded.histories).toEqual(['work', 'work\nFine.\nagain']);
  },
);
