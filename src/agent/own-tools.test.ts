import { expect, test } from 'vitest';
import { itemRow, MemorySession, noRows, taskRow } from '../../test/rig/memory-session.ts';
import { recall } from './own-tools.ts';

function sessionWith(text: string): MemorySession {
  const rows = noRows();
  const row = itemRow(
    { kind: 'result', tool: 'read_file', path: 'a.ts', text },
    { seq: 1, stepId: null, taskId: 1 },
  );
  rows.items.push({ ...row, promptText: `[archived ${row.id}: 3 lines]` });
  return new MemorySession(rows, taskRow());
}

test.each([{ id: 'i1' }, { words: 'quince' }])(
  'recall answers %o with the piece and leaves the prompt as it is',
  async (input) => {
    const session = sessionWith('a quince\n');
    const answer = await recall(session, input);
    expect(answer).toEqual({ text: '[i1, result read_file a.ts]\na quince\n', isError: false });
    expect(session.rows.items[0]?.promptText).toBe('[archived i1: 3 lines]');
  },
);

test('recall gives all of a long piece, part by part', async () => {
  const whole = Array.from({ length: 9_000 }, (_, n) => `line ${n}\n`).join('');
  const session = sessionWith(whole);
  const first = await recall(session, { id: 'i1' });
  const parts = Number(/part 1 of (\d+)\]/.exec(first.text)?.[1]);
  expect(parts).toBeGreaterThan(2);
  let text = '';
  for (let part = 1; part <= parts; part += 1) {
    const answer = await recall(session, { id: 'i1', part });
    text += answer.text.slice(answer.text.indexOf('\n') + 1);
  }
  expect(text).toBe(whole);
  expect(await recall(session, { id: 'i1', part: parts + 1 })).toMatchObject({ isError: true });
});

test('recall says when nothing has the id or the words', async () => {
  const session = sessionWith('a quince\n');
  expect((await recall(session, { id: 'i9' })).text).toBe('Nothing archived has the id i9.');
  expect((await recall(session, { words: 'plum' })).text).toBe('Nothing archived has these words.');
  expect(await recall(session, {})).toMatchObject({ isError: true });
});
