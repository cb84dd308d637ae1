import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { pausesOf } from '../../bench/context/pauses.ts';
import { loadSessions } from '../../bench/context/sessions.ts';
import { KnownTexts } from './known-texts.ts';
import { planFlashSave } from './plan-flash-save.ts';

const sessions = loadSessions(fileURLToPath(new URL('../../bench/context/synthetic', import.meta.url)));
const memories = sessions.flatMap(({ segments }) =>
  segments.flatMap((segment) =>
    [...pausesOf(segment), segment.length].map((pause) => segment.slice(0, pause)),
  ),
);

test.each([
  ['every text learned when it came', 8_000_000, true],
  ['texts known from other plans', 8_000_000, false],
  ['so little room that all is forgotten again and again', 20_000, true],
])('a plan is the same, letter for letter, with %s', (_, room, learns) => {
  const known = new KnownTexts(room);
  expect(memories.length).toBeGreaterThan(5);
  for (const items of memories) {
    if (learns) for (const item of items) known.learn(item);
    for (const targetReduction of [0.3, 0.5])
      expect(planFlashSave(items, { targetReduction, known })).toEqual(
        planFlashSave(items, { targetReduction }),
      );
  }
});

test('a text is known as a call’s and as a result’s apart', () => {
  const text = JSON.stringify({ command: 'line one of the input\nline two of the input\n'.repeat(40) });
  const known = new KnownTexts();
  for (const kind of ['result', 'call', 'message']) known.learn({ kind, text, tokens: 900 });
  const items = ['message', 'call', 'result'].flatMap((kind, step) => [
    { id: kind, kind, text, step, tokens: 900 },
    { id: `after ${kind}`, kind: 'message', text: 'and so on', step: step + 1, tokens: 4 },
  ]);
  expect(planFlashSave(items, { targetReduction: 0.6, known })).toEqual(
    planFlashSave(items, { targetReduction: 0.6 }),
  );
});

test('what is known stays within its bound, whatever comes', () => {
  const known = new KnownTexts(10_000);
  for (let n = 0; n < 100; n += 1) {
    known.learn({ kind: 'result', text: `item ${n} says ${'much '.repeat(200)}`, tokens: 300 });
    expect(known.characters).toBeLessThan(12_000);
  }
  known.learn({ kind: 'result', text: 'x'.repeat(10_001), tokens: 3_000 });
  expect(known.characters).toBeLessThan(12_000);
});

test('a text that is known is not known twice', () => {
  const known = new KnownTexts();
  for (let n = 0; n < 3; n += 1) known.learn({ kind: 'result', text: 'the same words again', tokens: 5 });
  expect(known.characters).toBe(20);
});
