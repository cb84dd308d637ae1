import { expect, test } from 'vitest';
import { firstPrompt, type PromptParts } from './first-prompt.ts';
import type { HomeRow } from './home.ts';

const home: HomeRow = { agent: 'ada', sessionId: 's', taskId: 1, turn: 'held', fromId: null, leftAt: 5 };
const parts: PromptParts = {
  task: { id: 1, title: 'Build it', details: '' },
  home,
  lost: null,
  memory: [],
  answers: [{ question: 'May it run `make`? yes or no', answer: 'yes' }],
  changes: [{ path: 'src/a.ts', change: 'change' }],
  hasTools: true,
};

test.each(['held', 'asking', 'cut', 'cut-in-tool', 'open'] as const)(
  'an agent without its session (%s) is told the answers and the changes too, and of no history',
  (turn) => {
    const text = firstPrompt({ ...parts, home: { ...home, turn }, lost: 'no such session' });
    expect(text).toContain('Your earlier session could not be loaded (no such session)');
    expect(text).toContain('The answer: yes');
    expect(text).toContain('- change src/a.ts');
    expect(text).toContain('Go on with your task:\nBuild it');
    expect(text).not.toContain('your history');
    expect(text.includes('nothing was cut')).toBe(turn === 'held');
  },
);

test('an agent without its session that gets another task is not told that it was stopped', () => {
  const text = firstPrompt({ ...parts, home: { ...home, taskId: 7 }, lost: 'no such session' });
  expect(text).not.toMatch(/stopped|paused|changed these files/u);
  expect(text).toContain('Your task:\nBuild it');
});

test('what an agent asked for is not told as done', () => {
  const text = firstPrompt({ ...parts, home: { ...home, turn: 'asking' } });
  expect(text).toContain('That call was not run');
  expect(text).toContain('The answer: yes');
  expect(text).not.toContain('Nothing was cut');
});
