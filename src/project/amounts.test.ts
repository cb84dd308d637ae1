import { expect, test } from 'vitest';
import { durationMs, sizeBytes } from './amounts.ts';

test('durations are a number and a unit', () => {
  expect(['500ms', '30s', '2m', '1h', '7d', '4w', '0s'].map(durationMs)).toEqual([
    500, 30_000, 120_000, 3_600_000, 604_800_000, 2_419_200_000, 0,
  ]);
  for (const text of ['30', 's', '-1s', '1.5s', '1 s', '', '9999999999s', '1y'])
    expect(durationMs(text)).toBeUndefined();
});

test('sizes are a number and a unit of thousands', () => {
  expect(['0B', '12B', '800MB', '5GB', '1.5 TB', '2gb'].map(sizeBytes)).toEqual([
    0, 12, 800_000_000, 5_000_000_000, 1_500_000_000_000, 2_000_000_000,
  ]);
  for (const text of ['5', 'GB', '-1GB', '1,5GB', '5 G', '', '1e3MB', '5GiB'])
    expect(sizeBytes(text)).toBeUndefined();
});
