import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { knownFormat } from './known-store.ts';

const settings = '[core]\n\tfsync = all\n';
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-known-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe.each(['sha1', 'sha256'] as const)('a store of %s', (format) => {
  beforeEach(() => {
    execFileSync('git', ['init', '-q', '--bare', '--template=', `--object-format=${format}`, dir]);
    appendFileSync(join(dir, 'config'), settings);
  });

  test('as this program makes it is known without git', () => {
    expect(knownFormat(dir, settings)).toBe(format);
  });

  test.each([
    ['config', (text: string) => `[include]\n\tpath = other\n${text}`],
    ['config', (text: string) => text.replace('bare = true', 'bare = false')],
    ['config', (text: string) => text.replace('\tbare = true\n', '')],
    ['config', (text: string) => text.replace('repositoryformatversion = ', 'repositoryformatversion = 7')],
    ['config', (text: string) => text.replace('fsync = all', 'fsync = none')],
    ['config', (text: string) => `${text}[gc]\n\tauto = 1\n`],
    ['config', () => ''],
    ['HEAD', () => 'garbage'],
    ['HEAD', () => ''],
  ])('of which %s is another is for git to judge', (name, alter) => {
    const file = join(dir, name);
    writeFileSync(file, alter(readFileSync(file, 'utf8')));
    expect(knownFormat(dir, settings)).toBeUndefined();
  });

  test.each(['objects', 'refs', 'HEAD', 'config'])('without %s is for git to judge', (name) => {
    rmSync(join(dir, name), { recursive: true });
    expect(knownFormat(dir, settings)).toBeUndefined();
  });
});

test('where nothing is nothing is known', () => {
  expect(knownFormat(join(dir, 'nowhere'), settings)).toBeUndefined();
});
