import { expect, test } from 'vitest';
import { isFailure } from '../failure.ts';
import {
  parseDuration,
  parseModel,
  parseRestoreParts,
  parseSeq,
  parseTaskId,
  parseTaskIds,
  parseUrl,
} from './arguments.ts';

const refused = (parse: () => unknown): boolean => {
  try {
    parse();
    return false;
  } catch (error) {
    return isFailure(error, 'invalid-argument');
  }
};

test('durations are a number and a unit', () => {
  expect(['500ms', '30s', '2m', '1h', '0s'].map((text) => parseDuration(text, '--grace'))).toEqual([
    500, 30_000, 120_000, 3_600_000, 0,
  ]);
  for (const text of ['30', 's', '-1s', '1.5s', '1 s', '', '9999999999s', '1d'])
    expect(refused(() => parseDuration(text, '--grace'))).toBe(true);
});

test('task ids are numbers, also as tables show them', () => {
  expect(parseTaskId('3')).toBe(3);
  expect(parseTaskId('#3')).toBe(3);
  expect(parseTaskIds('1, 2,3', '--after')).toEqual([1, 2, 3]);
  for (const text of ['', 'x', '1.5', '-1', '1,'])
    expect(refused(() => parseTaskIds(text, '--after'))).toBe(true);
});

test('event numbers are not negative', () => {
  expect(parseSeq('0', '--after')).toBe(0);
  expect(refused(() => parseSeq('-1', '--after'))).toBe(true);
});

test('parts are known ones', () => {
  expect(parseRestoreParts('code,context', '--only')).toEqual(['code', 'context']);
  expect(refused(() => parseRestoreParts('code,data', '--only'))).toBe(true);
});

test('models have a provider, addresses a scheme', () => {
  expect(parseModel('recorded:/a b:c.ndjson', '--model')).toBe('recorded:/a b:c.ndjson');
  expect(refused(() => parseModel('gpt', '--model'))).toBe(true);
  expect(refused(() => parseModel(':gpt', '--model'))).toBe(true);
  expect(parseUrl('http://127.0.0.1:11434/v1', '--base-url')).toBe('http://127.0.0.1:11434/v1');
  expect(refused(() => parseUrl('file:///etc/passwd', '--base-url'))).toBe(true);
  expect(refused(() => parseUrl('localhost', '--base-url'))).toBe(true);
});
