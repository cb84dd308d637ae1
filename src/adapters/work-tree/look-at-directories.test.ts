import * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KnownNames } from './known-names.ts';
import { readNames, lookAtDirectories, numbersPerDirectory, type Look } from './look-at-directories.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'codeframe-look-'));
  mkdirSync(join(root, 'd'));
  for (const name of ['a', 'b']) writeFileSync(join(root, 'd', name), name);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const tools = { ...fs, readNames };

function look(known?: KnownNames): Look {
  return lookAtDirectories(tools, root, { directories: ['d'], known: [known] });
}

function known({ names, numbers }: Look): KnownNames {
  return { names: names[0] ?? '', numbers: numbers.slice(0, numbersPerDirectory) };
}

test('a directory that is what it was is not listed again, and all in it is looked at', () => {
  const first = look();
  expect(first.names).toEqual(['a/b']);
  writeFileSync(join(root, 'd/a'), 'longer');
  const second = look(known(first));
  expect(second.names).toEqual([undefined]);
  expect(second.numbers).toEqual(first.numbers);
  expect([first.stats[1], second.stats[1]]).toEqual([1, 6]);
  expect(second.problems).toEqual([]);
});

test('one in which a name has come, gone or changed is listed, though its time was set back', () => {
  const time = new Date(1_700_000_000_000);
  const changes = [
    [(): void => writeFileSync(join(root, 'd/c'), ''), 'a/b/c'],
    [(): void => rmSync(join(root, 'd/a')), 'b/c'],
    [(): void => renameSync(join(root, 'd/b'), join(root, 'd/e')), 'c/e'],
  ] as const;
  for (const [change, names] of changes) {
    utimesSync(join(root, 'd'), time, time);
    const before = known(look());
    change();
    utimesSync(join(root, 'd'), time, time);
    expect(look(before).names).toEqual([names]);
  }
});

test('another one in its place, a link to it, or none is not taken for it', () => {
  const before = known(look());
  renameSync(join(root, 'd'), join(root, 'moved'));
  expect(look(before)).toMatchObject({ names: [''], problems: [{ directory: 0, code: 'ENOENT' }] });
  symlinkSync('moved', join(root, 'd'));
  expect(look(before).names).toEqual(['a/b']);
  rmSync(join(root, 'd'));
  mkdirSync(join(root, 'd'));
  expect(look(before).names).toEqual(['']);
});
