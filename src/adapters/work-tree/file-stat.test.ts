import { lstatSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FileStat } from './file-stat.ts';

const numbers = Float64Array.of(1, 100, 1_500.25, 1_600.5, 2 ** 53, 7, 100, 1_500.25, 1_600.5, 2 ** 53, 7);

test('a signature is the five numbers from its place on, and is written down as these', () => {
  const fields = { size: 100, mtimeMs: 1_500.25, ctimeMs: 1_600.5, inode: 2 ** 53, device: 7 };
  expect(JSON.parse(JSON.stringify(new FileStat(numbers, 1)))).toEqual(fields);
  expect(new FileStat(numbers, 1)).toMatchObject(fields);
});

test('signatures are equal when all five numbers are, wherever they stand and whenever they were read', () => {
  expect(new FileStat(numbers, 1).isOf(new FileStat(numbers, 6, 12))).toBe(true);
  for (let at = 6; at < 11; at++) {
    const other = numbers.slice();
    other[at] = 3;
    expect(new FileStat(numbers, 1).isOf(new FileStat(other, 6))).toBe(false);
  }
});

test('what the file system says of a file is its signature', () => {
  const stats = lstatSync(fileURLToPath(import.meta.url));
  const { size, mtimeMs, ctimeMs, ino: inode, dev: device } = stats;
  expect(FileStat.of(stats, 5)).toMatchObject({ size, mtimeMs, ctimeMs, inode, device, readAt: 5 });
});
