import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { pausesOf } from '../../bench/context/pauses.ts';
import { loadSessions } from '../../bench/context/sessions.ts';
import { planFlashSave } from './plan-flash-save.ts';

const sessions = loadSessions(fileURLToPath(new URL('../../bench/context/synthetic', import.meta.url)));

/** One hash over the plans at every pause of the synthetic sessions. */
function hashAt(targetReduction: number): string {
  const hash = createHash('sha256');
  for (const segment of sessions.flatMap(({ segments }) => segments)) {
    for (const pause of [...pausesOf(segment), segment.length]) {
      hash.update(JSON.stringify(planFlashSave(segment.slice(0, pause), { targetReduction })));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

// A change that only makes plans faster changes none of these. One that changes what is archived measures it first:
// `npm run bench:context`.
test.each([
  [0.3, '0273433d3d30e304'],
  [0.4, 'eea9efe4567f9749'],
  [0.5, '7217891c886c4123'],
])('plans are what they were, letter for letter, at %s', (target, hash) => {
  expect(hashAt(target)).toBe(hash);
});

test('a count that is no number is estimated', () => {
  const items = sessions[0]?.segments[0] ?? [];
  const estimated = planFlashSave(items, { targetReduction: 0.4 });
  for (const count of [Number.NaN, -1, Infinity])
    expect(planFlashSave(items, { targetReduction: 0.4, count: () => count })).toEqual(estimated);
});
