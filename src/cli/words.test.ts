import { expect, test } from 'vitest';
import type { EventData, EventRow } from '../event/event.ts';
import type { RunSummary } from '../handle.ts';
import type { PauseResult } from '../project/pause.ts';
import { eventWords, isProgress } from './event-words.ts';
import { pauseLines } from './pause-words.ts';
import { costWords, durationWords, listWords, numberWords, sizeWords } from './quantity-words.ts';
import { exitCodeOf } from './run-words.ts';

const row = (event: EventData): EventRow => ({ seq: 1, id: 'e1', at: 0, actor: 'library', ...event });

test('durations', () => {
  expect([0, 850, 1900, 59_940, 123_000, 120_000, 3_720_000, 90_000_000].map(durationWords)).toEqual([
    '0 ms',
    '850 ms',
    '1.9 s',
    '59.9 s',
    '2 min 3 s',
    '2 min',
    '1 h 2 min',
    '1 d 1 h',
  ]);
});

test('numbers, sizes, costs and lists', () => {
  expect([7, 1234, 1_234_567].map(numberWords)).toEqual(['7', '1,234', '1,234,567']);
  expect([1, 812, 1234, 34_000_000, 5e15].map(sizeWords)).toEqual([
    '1 byte',
    '812 bytes',
    '1.2 KB',
    '34 MB',
    '5000 TB',
  ]);
  expect([0, 0.004, 1.239].map(costWords)).toEqual(['$0.00', 'less than $0.01', '$1.24']);
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listWords)).toEqual(['', 'a', 'a and b', 'a, b and c']);
});

test('a step that ended well is no progress, one that failed is', () => {
  const ended = (status: string): EventRow =>
    row({ type: 'step-ended', data: { stepId: 's1', agent: 'writer', status, summary: 'no such file' } });
  expect(isProgress(ended('completed'))).toBe(false);
  expect(isProgress(ended('failed'))).toBe(true);
  expect(eventWords(ended('failed'))).toBe('agent writer: the step failed: no such file');
});

test('an event of a type that a newer codeframe wrote is printed as it is', () => {
  const unknown = {
    ...row({ type: 'task-retried', data: { taskId: 1 } }),
    type: 'task-split',
  } as unknown as EventRow;
  expect(eventWords(unknown)).toBe('task-split {"taskId":1}');
});

const summary = (change: Partial<RunSummary>): RunSummary => ({
  why: 'completed',
  done: 1,
  failed: 0,
  waiting: 0,
  pause: null,
  ...change,
});

test('a run ends with 9 exactly when failed or waiting tasks are what it left', () => {
  expect(exitCodeOf(summary({}))).toBe(0);
  expect(exitCodeOf(summary({ why: 'paused', waiting: 1 }))).toBe(0);
  expect(exitCodeOf(summary({ why: 'asked', failed: 1 }))).toBe(0);
  expect(exitCodeOf(summary({ why: 'waiting', waiting: 1 }))).toBe(9);
  expect(exitCodeOf(summary({ why: 'failed', failed: 1 }))).toBe(9);
  expect(exitCodeOf(summary({ why: 'failed' }))).toBe(9);
});

const pause: PauseResult = {
  success: true,
  pauseId: 'z1',
  checkpointId: 'c1',
  commit: '0123456789abcdef0123',
  reason: null,
  tokensBefore: 1500,
  tokensAfter: 1000,
  reductionPercentage: 33.333,
  itemsArchived: 3,
  flashSaveFailures: [{ agent: 'tester', problem: 'disk' }],
  agents: [
    {
      name: 'writer',
      how: 'cut',
      interruptedStepId: 's1',
      durationMs: 1900,
      taskId: 2,
      tokensBefore: 1500,
      tokensAfter: 1000,
      itemsArchived: 3,
    },
  ],
  durationMs: 2000,
  boundMs: 35_000,
  phasesMs: { stop: 1900, flashSave: 20, checkpoint: 80 },
  pausedAt: '2026-01-01T00:00:00.000Z',
};

test('a pause says what stopped how, what is unknown, what was archived and how to go on', () => {
  const lines = pauseLines('shop', pause).map((line) =>
    typeof line === 'string'
      ? line
      : [line]
          .flat()
          .map((part) => (typeof part === 'string' ? part : part.text))
          .join(''),
  );
  expect(lines).toEqual([
    'shop is paused at checkpoint c1 (commit 0123456789ab).',
    '  writer was cut in its step (1.9 s); it takes task 2 up again.',
    'The outcome of 1 step is not known: s1.',
    'The prompts hold 1,000 tokens, 33.3 % less than the 1,500 before: 3 items archived.',
    'The flash save of tester failed, its memory is whole: disk',
    'The pause took 2 s; its bound was 35 s.',
    'Run `codeframe resume` to go on from here.',
  ]);
});
