import { describe, expect, it } from 'vitest';
import { MemorySession, noRows, taskRow } from '../../test/rig/memory-session.ts';
import type { Json } from './json.ts';
import { LineMemory } from './line-memory.ts';
import type { WireMessage } from './wire.ts';
import { wires } from './wires.ts';

const scene = (): { session: MemorySession; memory: LineMemory } => {
  const session = new MemorySession(noRows(), taskRow());
  const breathe = () => Promise.resolve();
  const memory = new LineMemory({
    session,
    redact: (text) => ({ text, found: [] }),
    onSecret: () => undefined,
    pathIn: (path) => path,
    breathe,
  });
  return { session, memory };
};

const turn = (content: string, input: object = { path: 'a.txt' }): string =>
  JSON.stringify({
    messages: [
      { role: 'user', content: 'Read it.' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'read', input }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content }] },
    ],
  });

const read = (body: string): readonly WireMessage[] =>
  wires['anthropic-messages'].read(JSON.parse(body) as Json);

function archive(session: MemorySession, kind: string, promptText: string): void {
  const at = session.rows.items.findIndex((row) => row.kind === kind);
  session.rows.items[at] = { ...session.rows.items[at]!, promptText };
}

describe('the memory of a line', () => {
  it('replaces a result of which only the beginning is kept', async () => {
    const { session, memory } = scene();
    const long = turn('0123456789'.repeat(30_000));
    await memory.record(read(long));
    expect(session.rows.items[2]?.text.length).toBeLessThan(210_000);
    archive(session, 'result', '[archived r1: digits]');
    expect(await memory.rewrite(long, () => read(long))).toBe(turn('[archived r1: digits]'));
    const other = turn(`${'0123456789'.repeat(30_000)}!`);
    expect(await memory.rewrite(other, () => read(other))).toBe(other);
  });

  it('keeps an input of which only the beginning is kept in the prompt, for no stub of it would be JSON', async () => {
    const { session, memory } = scene();
    await memory.record(read(turn('written', { path: 'a.txt', content: 'x'.repeat(300_000) })));
    expect(session.rows.items.map(({ kind, pinned }) => [kind, pinned])).toEqual([
      ['user', false],
      ['call', true],
      ['result', false],
    ]);
  });

  it('writes each piece down once when two calls come first at the same time', async () => {
    const { session, memory } = scene();
    await session.remember([{ kind: 'decision', text: 'Something is archived.' }]);
    archive(session, 'decision', '[archived d1]');
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    let readings = 0;
    session.items = async () => {
      const rows = [...session.rows.items];
      readings += 1;
      if (readings === 1) await opened;
      return rows;
    };
    // Without a person's words, for those are looked up anew.
    const messages = read(turn('the text')).slice(1);
    const rewritten = memory.rewrite(turn('the text'), () => messages);
    const recorded = memory.record(messages);
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    open();
    await Promise.all([rewritten, recorded]);
    expect(await memory.record(messages)).toEqual(await recorded);
    expect(session.rows.items.map(({ kind }) => kind)).toEqual(['decision', 'call', 'result']);
  });

  it('lets others go on while a long history is searched for secrets, also when it is read again', async () => {
    const session = new MemorySession(noRows(), taskRow());
    let sinceBreath = 0;
    let most = 0;
    const open = () =>
      new LineMemory({
        session,
        redact: (said) => {
          sinceBreath += said.length;
          most = Math.max(most, sinceBreath);
          return { text: said, found: [] };
        },
        onSecret: () => undefined,
        pathIn: (path) => path,
        breathe: async () => {
          sinceBreath = 0;
        },
      });
    const parts = Array.from({ length: 300 }, (_, n) => ({
      kind: 'message' as const,
      text: `${n} `.repeat(3_000),
      slot: null,
    }));
    const history = [{ role: 'assistant' as const, parts }];
    await open().record(history);
    await open().record(history);
    expect(session.rows.items).toHaveLength(300);
    expect(most).toBeLessThan(130_000);
  });

  it('asks a store again that could not be read', async () => {
    const { session, memory } = scene();
    const items = session.items.bind(session);
    session.items = () => Promise.reject(new Error('busy'));
    await expect(memory.record(read(turn('the text')))).rejects.toThrow('busy');
    session.items = items;
    expect(await memory.record(read(turn('the text')))).toEqual(['i1', 'i2', 'i3']);
  });
});
