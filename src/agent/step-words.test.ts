import { expect, test } from 'vitest';
import { stepWords } from './step-words.ts';

test('a step names its tool or program once, and a model as what is asked', () => {
  expect(stepWords({ kind: 'tool', name: 'write_file', summary: 'src/a.ts' })).toBe('write_file src/a.ts');
  expect(stepWords({ kind: 'run', name: 'make', summary: 'make all' })).toBe('make all');
  expect(stepWords({ kind: 'tool', name: 'finish', summary: '' })).toBe('finish');
  expect(stepWords({ kind: 'model', name: 'openai:m', summary: '12 messages' })).toBe('asks openai:m');
});
