import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outliveLocks, removeLeftovers, removeOldLocks, takeAwayLeftovers } from './leftovers.ts';

let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'codeframe-leftovers-'));
  mkdirSync(join(store, 'refs/checkpoints'), { recursive: true });
});
afterEach(() => rmSync(store, { recursive: true }));

/** No process has this number: Linux counts to 4,194,304. */
const nobody = 4_999_999;

function leave(path: string, ageMs: number): string {
  const at = join(store, path);
  if (path.startsWith('incoming')) mkdirSync(join(at, 'pack'), { recursive: true });
  else writeFileSync(at, '');
  const then = new Date(Date.now() - ageMs);
  utimesSync(at, then, then);
  return at;
}

describe('what killed processes left', () => {
  test('goes when it is older than any owner can be', () => {
    const gone = [leave(`incoming-${nobody}-1`, 60_000), leave('fast_import_crash_7', 60_000)];
    removeLeftovers(store);
    expect(gone.filter((path) => existsSync(path))).toEqual([]);
    const locks = [leave('refs/checkpoints/c1.7-1.lock', 60_000), leave('packed-refs.lock', 60_000)];
    takeAwayLeftovers(store);
    expect(locks.filter((path) => existsSync(path))).toEqual([]);
  });

  test('in the way of refs is waited for, and of no others', async () => {
    const refs = ['refs/checkpoints/c1'];
    const others = [leave('refs/checkpoints/c2.lock', 1_000), leave('refs/checkpoints/c1.7-1.lock', 1_000)];
    // It was given back before anybody looked.
    expect(await outliveLocks(store, refs)).toBe(true);
    expect(others.filter((path) => !existsSync(path))).toEqual([]);
    const old = leave('refs/checkpoints/c1.lock', 60_000);
    expect(await outliveLocks(store, refs)).toBe(true);
    expect(existsSync(old)).toBe(false);
    const quarantine = leave(`incoming-${nobody}-1`, 60_000);
    removeOldLocks(store);
    expect(existsSync(quarantine)).toBe(true);
  });

  test('stays while it is young, its process lives, or it is not ours', () => {
    const kept = [
      leave(`incoming-${nobody}-1`, 1_000),
      leave(`incoming-${process.pid}-1`, 60_000),
      leave('refs/checkpoints/c1.lock', 1_000),
      leave('packed-refs.lock', 1_000),
      leave('HEAD', 60_000),
    ];
    takeAwayLeftovers(store);
    expect(kept.filter((path) => !existsSync(path))).toEqual([]);
  });
});
