import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findUnusedData, removeUnusedData } from './unused-data.ts';

let projects: string;
beforeEach(() => {
  projects = mkdtempSync(join(tmpdir(), 'codeframe-projects-'));
});
afterEach(() => rmSync(projects, { recursive: true }));

function make(name: string, work: (dir: string) => void = () => {}, ageMs = 600_000): void {
  const dir = join(projects, name);
  for (const one of ['journal', 'backups', 'logs']) mkdirSync(join(dir, one), { recursive: true });
  work(dir);
  const then = new Date(Date.now() - ageMs);
  utimesSync(dir, then, then);
}

test('the data of a project that never came to be are named and taken away, and no others', () => {
  make('p000000000000');
  make('p00000000new0', () => {}, 1_000);
  make('p0000000log00', (dir) => writeFileSync(join(dir, 'logs/codeframe.log'), ''));
  make('p000000used00', (dir) => writeFileSync(join(dir, 'origin.json'), '{}'));
  make('other');
  const cut = join(projects, 'p00000000cut0');
  mkdirSync(cut);
  utimesSync(cut, new Date(0), new Date(0));
  expect(findUnusedData(projects)).toEqual(['p000000000000', 'p00000000cut0']);
  removeUnusedData(projects);
  expect(findUnusedData(projects)).toEqual([]);
  const kept = ['p00000000new0/logs', 'p0000000log00/journal', 'p000000used00/backups', 'other/logs'];
  expect(kept.filter((path) => !existsSync(join(projects, path)))).toEqual([]);
  expect(findUnusedData(join(projects, 'nowhere'))).toEqual([]);
});
