import { describe, expect, it } from 'vitest';
import type { Message } from '../agent/model.ts';
import { protocolCases } from '../../test/rig/protocol-cases.ts';
import { itemRow } from '../../test/rig/memory-session.ts';
import { historyProblem } from './history-problem.ts';
import type { Json } from './json.ts';
import { contentHash, itemsOf, keysOfRows } from './wire-items.ts';
import { wires } from './wires.ts';

const call = (callId: string, path: string): Message => ({
  role: 'assistant',
  parts: [
    { type: 'text', text: 'go on' },
    { type: 'call', callId, tool: 'read_file', input: { path } },
  ],
});
const result = (callId: string, text: string): Message => ({
  role: 'tool',
  results: [{ callId, tool: 'read_file', text, isError: false }],
});
const history: readonly Message[] = [
  { role: 'user', text: 'work' },
  call('c1', 'a.ts'),
  result('c1', 'content of a'),
  call('c2', 'b.ts'),
  result('c2', 'content of b'),
  { role: 'assistant', parts: [{ type: 'text', text: 'go on' }] },
  { role: 'user', text: 'work' },
];

const reading = { pathIn: (path: string) => path, hash: contentHash };

describe.each(protocolCases)('the history of a call in $protocol', ({ protocol, request }) => {
  const wire = wires[protocol];
  const read = (messages: readonly Message[]) => wire.read(JSON.parse(request(messages).body) as Json);

  it('becomes items, each told from all others, results with the tool and path of their call', () => {
    const items = itemsOf(read(history), reading);
    expect(items.map(({ item }) => [item.kind, item.tool, item.path, item.text])).toEqual([
      ['user', undefined, undefined, 'work'],
      ['message', undefined, undefined, 'go on'],
      ['call', 'read_file', 'a.ts', '{"path":"a.ts"}'],
      ['result', 'read_file', 'a.ts', 'content of a'],
      ['message', undefined, undefined, 'go on'],
      ['call', 'read_file', 'b.ts', '{"path":"b.ts"}'],
      ['result', 'read_file', 'b.ts', 'content of b'],
      ['message', undefined, undefined, 'go on'],
      ['user', undefined, undefined, 'work'],
    ]);
    expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
    const rows = items.map(({ item }, at) => itemRow(item, { seq: at + 1, stepId: null, taskId: 1 }));
    expect(keysOfRows(rows, contentHash)).toEqual(items.map(({ key }) => key));
    const shorter = itemsOf(read(history.slice(0, 5)), reading);
    expect(shorter.map(({ key }) => key)).toEqual(items.slice(0, 7).map(({ key }) => key));
  });

  it('is checked: every call has one result, and every result a call', () => {
    expect(historyProblem(read(history))).toBeNull();
    expect(historyProblem(read(history.slice(0, 4)))).toMatch(/^the call .* has no result$/);
    const twice = [...history.slice(0, 3), result('c1', 'again'), ...history.slice(3)];
    expect(historyProblem(read(twice))).toMatch(/two results|which no call/);
    const orphan = [history[0]!, ...history.slice(2)];
    expect(historyProblem(read(orphan))).toMatch(/which no call before it asked for/);
  });

  it('has what it sends besides: instructions and tools', () => {
    const besides = wire.besides(JSON.parse(request(history).body) as Json);
    expect(besides).toContain('You are a tester.');
    expect(besides).toContain('Reads a file.');
    expect(besides).not.toContain('content of a');
  });
});

it('keeps the beginning of a text that is too long to be counted, and what cannot be replaced stays', () => {
  const [item] = itemsOf(
    [{ role: 'user', parts: [{ kind: 'user', text: 'x'.repeat(300_000), slot: null }] }],
    reading,
  );
  expect(item?.item.text.length).toBeLessThan(201_000);
  expect(item?.item.text).toContain('100000 more characters are not kept');
  expect(item?.item.pinned).toBe(true);
});
