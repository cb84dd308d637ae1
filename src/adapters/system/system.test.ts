import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { idLetters, type IdKind } from '../../ids.ts';
import { randomIds } from './random-ids.ts';
import { systemClock } from './system-clock.ts';

test('an id is the letter of its kind and 12 characters of base 32, never twice the same', () => {
  const kinds = Object.keys(idLetters) as IdKind[];
  const ids = kinds.flatMap((kind) =>
    Array.from({ length: 500 }, () => [kind, randomIds.next(kind)] as const),
  );
  for (const [kind, id] of ids) expect(id).toMatch(new RegExp(`^${idLetters[kind]}[0-9a-hjkmnp-tv-z]{12}$`));
  expect(new Set(ids.map(([, id]) => id)).size).toBe(ids.length);
  const used = new Set(ids.flatMap(([, id]) => id.slice(1).split('')));
  expect(used.size).toBe(32);
});

test('a sleep ends at once when its signal aborts, before or during it, and leaves no listener', async () => {
  const stop = new AbortController();
  const asleep = systemClock.sleep(2 ** 40, stop.signal);
  stop.abort();
  await asleep;
  await systemClock.sleep(2 ** 40, stop.signal);
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
});

test('a sleep lasts until its time has passed on the elapsed clock', async () => {
  const before = systemClock.elapsed();
  await systemClock.sleep(15);
  expect(systemClock.elapsed() - before).toBeGreaterThanOrEqual(15);
  await systemClock.sleep(0);
  await systemClock.sleep(-1);
});
