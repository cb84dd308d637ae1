import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FileStat } from './file-stat.ts';
import { knownFile, type CachedFile } from './stat-cache.ts';
import { StatCacheFile } from './stat-cache-file.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'codeframe-stat-cache-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const path = (): string => join(place, 'stat-cache');

function statOf(n: number): FileStat {
  return new FileStat(Float64Array.of(n, n + 0.25, n + 0.5, 2 ** 60 + n, 7), 0, 1);
}

function fileOf(n: number): CachedFile {
  return { object: n.toString(16).padStart(40, '0'), stat: statOf(n), entry: undefined };
}

/** One process: reads the file, comes to know these, writes them down. */
function learn(files: Readonly<Record<string, number>>, skipped: readonly string[] = []): void {
  const file = new StatCacheFile(path());
  const cache = file.load();
  const known = new Map(Object.entries(files).map(([name, n]) => [name, fileOf(n)]));
  for (const [name, one] of known) cache.files.set(name, one);
  cache.skipped = skipped;
  file.save(cache, known);
}

/** What another process finds of a file with that signature. */
function objectOf(name: string, n: number): string | undefined {
  return knownFile(new StatCacheFile(path()).load(), name, statOf(n))?.object;
}

const part = fc.constantFrom('a', 'a.b', 'B', 'a-b', '\xe9', 'z');
const names = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

test('what was learnt last of each file is found again, however many processes wrote it down', () => {
  const learning = fc.dictionary(names, fc.nat(1000), { maxKeys: 20 });
  fc.assert(
    fc.property(fc.array(learning, { minLength: 1, maxLength: 6 }), (rounds) => {
      rmSync(path(), { force: true });
      for (const files of rounds) learn(files);
      const cache = new StatCacheFile(path()).load();
      for (const [name, n] of Object.entries(Object.assign({}, ...rounds) as Record<string, number>)) {
        expect(knownFile(cache, name, statOf(n))?.object).toBe(fileOf(n).object);
        expect(knownFile(cache, name, statOf(5000))).toBeUndefined();
        expect(knownFile(cache, `${name}x`, statOf(n))).toBeUndefined();
      }
    }),
    { numRuns: 60 },
  );
});

test('it is the same object each time, whatever was asked in between', () => {
  learn({ 'd/a': 1, 'd/b': 2, 'd/c': 3 });
  const cache = new StatCacheFile(path()).load();
  const found = ['d/c', 'd/a', 'd/b', 'd/c'].map((name) =>
    knownFile(cache, name, statOf(name.charCodeAt(2) - 96)),
  );
  expect(found.map((file) => file?.object)).toEqual([3, 1, 2, 3].map((n) => fileOf(n).object));
  expect(found[3]).toBe(found[0]);
});

test('a section that is damaged ends what is believed, and the file is written anew then', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`d/f${i}`, i]));
  learn(many, ['skipped']);
  const first = readFileSync(path()).length;
  learn({ 'd/f3': 103 });
  const bytes = readFileSync(path());
  expect(bytes.length).toBeGreaterThan(first);
  for (let at = first; at < bytes.length; at++) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ 1;
    writeFileSync(path(), altered);
    expect([objectOf('d/f3', 103), objectOf('d/f3', 3)]).toEqual([undefined, fileOf(3).object]);
  }
  writeFileSync(path(), bytes);
  appendFileSync(path(), 'codeframe stat cache 4 1 1 20');
  learn({ 'd/f4': 104 });
  expect(objectOf('d/f4', 104)).toBe(fileOf(104).object);
  expect(objectOf('d/f3', 103)).toBe(fileOf(103).object);
});

test('a file of another version is not believed, and is replaced', () => {
  writeFileSync(path(), `codeframe stat cache 3 0 0 128`.padEnd(200));
  expect(new StatCacheFile(path()).load().directories.size).toBe(0);
  learn({ f: 1 }, ['a', 'b/c']);
  expect(objectOf('f', 1)).toBe(fileOf(1).object);
  expect(new StatCacheFile(path()).load().skipped).toEqual(['a', 'b/c']);
});
