import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

import { DISGUISES } from '../../bench/context/disguise.ts';
import { needsAfter, readItem, readShown } from '../../bench/context/needs.ts';
import { pausesOf } from '../../bench/context/pauses.ts';
import { loadSessions } from '../../bench/context/sessions.ts';
import { planFlashSave } from './plan-flash-save.ts';

const directory = fileURLToPath(new URL('../../bench/context/synthetic', import.meta.url));
const segment = loadSessions(directory)[0]?.segments[0] ?? [];
const cut = pausesOf(segment).at(-1) ?? 0;
const needs = needsAfter(segment, cut, readItem);
const needed = new Set(needs.flatMap(({ lines }) => lines));

test('the sessions that are dressed have edits to come', () => {
  expect(needed.size).toBeGreaterThan(0);
});

test.each(Object.entries(DISGUISES))(
  '%s: shows the ruler the same lines, and meets the target',
  (_, disguise) => {
    const items = segment.slice(0, cut);
    const dressed = items.map((item, index) => {
      const { tokens: __, ...worn } = disguise.dress(item, index);
      return worn;
    });
    items.forEach((item, index) => {
      const text = dressed[index]?.text ?? '';
      const seen = readShown(item.kind, disguise.undress?.(text, item) ?? text).lines;
      const lines = readItem(item).lines;
      for (const line of needed) expect(seen.has(line), line).toBe(lines.has(line));
    });
    expect(planFlashSave(dressed, { targetReduction: 0.3 }).reason).toBeNull();
  },
);
