import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Chunks } from './chunks.ts';
import { CodeCache } from './code-cache.ts';
import { createProgram } from './command-tree.ts';
import { groupNames } from './start.ts';

let dist = '';
beforeEach(() => {
  dist = mkdtempSync(join(tmpdir(), 'codeframe-chunks-'));
  write('cli.cjs', `exports.sum = require('./part.cjs').three() + require('node:path').sep.length;`);
  write('part.cjs', `exports.three = () => 3; // \u00fc`);
});
afterEach(() => rmSync(dist, { recursive: true, force: true }));

test('what V8 made of the files is used by the next start of the same command', () => {
  expect(run('status')).toEqual({ sum: 4, compiled: ['cli.cjs', 'part.cjs'] });
  expect(run('status')).toEqual({ sum: 4, compiled: [] });
  expect(run('events')).toEqual({ sum: 4, compiled: ['cli.cjs', 'part.cjs'] });
});

test('a file that has changed is compiled anew, also when it is as long as before', () => {
  run('status');
  write('part.cjs', `exports.three = () => 5; // \u00fc`);
  expect(run('status')).toEqual({ sum: 6, compiled: ['part.cjs'] });
  expect(run('status')).toEqual({ sum: 6, compiled: [] });
});

test.each([
  ['torn', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ['altered', (bytes: Buffer) => Buffer.concat([bytes.fill(1, 200, 300)])],
  ['empty', () => Buffer.of()],
])('a cache that is %s is not used', (_, damage) => {
  run('status');
  const [name = ''] = readdirSync(join(dist, 'compiled'));
  const file = join(dist, 'compiled', name);
  writeFileSync(file, damage(readFileSync(file)));
  expect(run('status')).toEqual({ sum: 4, compiled: ['cli.cjs', 'part.cjs'] });
  expect(run('status')).toEqual({ sum: 4, compiled: [] });
});

test('a cache that cannot be written stops nothing', () => {
  write('compiled', 'a file where the directory should be');
  expect(run('status')).toEqual({ sum: 4, compiled: ['cli.cjs', 'part.cjs'] });
});

test('every command that has commands has caches of its own for each', () => {
  const program = createProgram(() => async () => {});
  const groups = program.commands.filter(({ commands }) => commands.length > 0);
  expect(groups.map((group) => group.name()).toSorted()).toEqual(groupNames.toSorted());
});

function write(name: string, text: string): void {
  writeFileSync(join(dist, name), text);
}

function run(command: string): { readonly sum: unknown; readonly compiled: readonly string[] } {
  const cache = CodeCache.open(dist, command);
  const chunks = new Chunks(dist, cache);
  const { sum } = chunks.load(join(dist, 'cli.cjs')) as { sum: unknown };
  cache.save(chunks.loaded());
  const compiled = chunks.loaded().flatMap(({ name, isNew }) => (isNew ? [name] : []));
  return { sum, compiled };
}
