import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cutMaking, endMaking, leaveMaking, markMaking } from './making.ts';

let store: string;
beforeEach(() => (store = mkdtempSync(join(tmpdir(), 'codeframe-making-'))));
afterEach(() => rmSync(store, { recursive: true }));

test('only what a dead process was making is cut', () => {
  expect(cutMaking(store)).toEqual([]);
  markMaking(store, 'cmine');
  writeFileSync(join(store, 'making/cdead'), String(2 ** 22 + 1));
  writeFileSync(join(store, 'making/cunsaid'), '');
  expect(cutMaking(store).toSorted()).toEqual(['cdead', 'cunsaid']);
  endMaking(store, 'cmine');
  expect(existsSync(join(store, 'making/cmine'))).toBe(false);
});

test('the mark of one that failed goes with the next one: many failures leave one', () => {
  for (const id of ['c1', 'c2', 'c3']) {
    markMaking(store, id);
    leaveMaking(store, id);
  }
  expect(readdirSync(join(store, 'making'))).toEqual(['c3']);
  markMaking(store, 'c4');
  endMaking(store, 'c4');
  leaveMaking(store, 'c4');
  expect(readdirSync(join(store, 'making'))).toEqual([]);
});
