import { expect, test } from 'vitest';
import { isFailure } from '../failure.ts';
import { checkCheckpointName } from './checkpoint-name.ts';

const isRefused = (name: string): boolean => {
  try {
    checkCheckpointName(name);
    return false;
  } catch (error) {
    if (!isFailure(error, 'invalid-argument')) throw error;
    return true;
  }
};

test('a name by which a checkpoint could not be restored is refused', () => {
  const names = ['', ' ', 'latest', '-rf', '--json', 'two\nlines', '\u001b[31m', 'x'.repeat(101), 'a\u202eb'];
  expect(names.filter((name) => !isRefused(name))).toEqual([]);
});

test('any other name is taken', () => {
  const names = ['before-refactoring', 'v1.2', 'before the lunch', 'größer', 'latest-2', '../x', '日本'];
  expect(names.filter(isRefused)).toEqual([]);
});
