import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsGlob } from './glob.ts';
import {
  hasRule,
  limitSize,
  planRetention,
  sizeOrder,
  type NeedReason,
  type RetainedCheckpoint,
  type RetentionRules,
} from './retention.ts';

const hourMs = 3_600_000;
const now = new Date(2026, 4, 20, 12, 30).getTime();
const none = { now, needs: new Map() };

const at = (id: string, hoursAgo: number, name: string | null = null): RetainedCheckpoint => ({
  id,
  name,
  createdAt: now - hoursAgo * hourMs,
});
const keptIds = (rows: readonly RetainedCheckpoint[], rules: RetentionRules): readonly string[] =>
  planRetention(rows, rules, none).kept.map(({ row }) => row.id);

const aRow = fc.record({
  name: fc.option(fc.constantFrom('release-1', 'release-2', 'other', '')),
  createdAt: fc.integer({ min: 0, max: 60 * 24 }).map((hours) => now - hours * hourMs),
});
const someRows = fc
  .array(aRow, { maxLength: 40 })
  .map((rows) => rows.map((row, i) => ({ ...row, id: `c${i}` })));
const aCount = fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined });
const someRules = fc.record({
  keep: aCount,
  keepWithinMs: fc.option(fc.integer({ min: 0, max: 40 * 24 * hourMs }), { nil: undefined }),
  keepHourly: aCount,
  keepDaily: aCount,
  keepWeekly: aCount,
  keepNames: fc.constantFrom([], ['release-*'], ['other', '?elease-1']),
});
const someNeeds = (rows: readonly RetainedCheckpoint[]) =>
  fc
    .subarray([...rows])
    .map((needed) => new Map(needed.map(({ id }): [string, NeedReason[]] => [id, ['pinned']])));

describe('the rules of retention', () => {
  const rows = [
    at('now', 0.1),
    at('hour', 1),
    at('hour-too', 1.2),
    at('day', 24),
    at('week', 24 * 7),
    at('old', 24 * 30, 'release-1'),
  ];

  it.each<[RetentionRules, readonly string[]]>([
    [{ keep: 2 }, ['now', 'hour']],
    [{ keepWithinMs: 2 * hourMs }, ['now', 'hour', 'hour-too']],
    [{ keepHourly: 2 }, ['now', 'hour']],
    [{ keepDaily: 3 }, ['now', 'day', 'week']],
    [{ keepWeekly: 2 }, ['now', 'week']],
    [{ keepNames: ['release-*'] }, ['old']],
    [{ keep: 1, keepNames: ['release-?'] }, ['now', 'old']],
    [{ maxSizeBytes: 1 }, ['now', 'hour', 'hour-too', 'day', 'week', 'old']],
    [{}, []],
  ])('%j keeps %j', (rules, kept) => {
    expect(keptIds(rows, rules)).toEqual(kept);
  });

  it('gives every reason of one that is kept', () => {
    const needs = new Map([['now', ['newest', 'pinned'] as const]]);
    const { kept } = planRetention(rows, { keep: 1, keepDaily: 1 }, { now, needs });
    expect(kept).toEqual([{ row: rows[0], reasons: ['keep', 'keep-daily', 'newest', 'pinned'] }]);
  });

  it('a week begins on Monday, a day at midnight of the local clock', () => {
    const monday = new Date(2026, 4, 18).getTime();
    const edge = [
      { id: 'monday', name: null, createdAt: monday },
      { id: 'sunday', name: null, createdAt: monday - 1 },
    ];
    expect(keptIds(edge, { keepWeekly: 2 })).toEqual(['monday', 'sunday']);
    expect(keptIds(edge, { keepDaily: 2 })).toEqual(['monday', 'sunday']);
    expect(keptIds(edge, { keepWeekly: 1 })).toEqual(['monday']);
  });

  it('puts each checkpoint in one list, newest first, whatever order they come in', () => {
    fc.assert(
      fc.property(someRows, someRules, (some, rules) => {
        const plan = planRetention(some, rules, none);
        const both = [...plan.kept.map(({ row }) => row), ...plan.deleted];
        expect(both.map(({ id }) => id).toSorted()).toEqual(some.map(({ id }) => id).toSorted());
        expect(planRetention(some.toReversed(), rules, none)).toEqual(plan);
        for (const list of [plan.kept.map(({ row }) => row), plan.deleted])
          for (const [i, row] of list.entries())
            expect(row.createdAt).toBeLessThanOrEqual(list[i - 1]?.createdAt ?? Infinity);
      }),
    );
  });

  it('are ORed: what one of them keeps alone, all of them keep, and nothing else', () => {
    fc.assert(
      fc.property(someRows, someRules, (some, rules) => {
        const alone = Object.entries(rules).flatMap(([rule, value]) => keptIds(some, { [rule]: value }));
        expect(new Set(keptIds(some, rules))).toEqual(new Set(alone));
      }),
    );
  });

  it('keep no less when they say more', () => {
    fc.assert(
      fc.property(someRows, fc.nat(10), fc.nat(10), (some, few, more) => {
        for (const rule of ['keep', 'keepHourly', 'keepDaily', 'keepWeekly'] as const) {
          const kept = keptIds(some, { [rule]: few + more });
          expect(kept).toEqual(expect.arrayContaining([...keptIds(some, { [rule]: few })]));
          expect(kept.length).toBeLessThanOrEqual(few + more);
        }
      }),
    );
  });

  it('never delete what is needed', () => {
    const needing = someRows.chain((rows) => fc.tuple(fc.constant(rows), someNeeds(rows)));
    fc.assert(
      fc.property(needing, someRules, ([some, needs], rules) => {
        const plan = planRetention(some, rules, { now, needs });
        expect(plan.deleted.filter(({ id }) => needs.has(id))).toEqual([]);
        expect(plan.keptByRules).toBe(keptIds(some, rules).length);
      }),
    );
  });
});

describe('the limit of the size', () => {
  const sizedRows = someRows.chain((rows) =>
    fc.tuple(
      fc.constant(rows),
      someNeeds(rows),
      fc.array(fc.nat(100), { minLength: rows.length, maxLength: rows.length }),
    ),
  );

  it('keeps what is needed and the newest that fit, and no more', () => {
    fc.assert(
      fc.property(sizedRows, fc.nat(1000), ([rows, needs, sizes], maxSizeBytes) => {
        const plan = planRetention(rows, { maxSizeBytes }, { now, needs });
        const added = new Map(sizeOrder(plan).map((id, i) => [id, sizes[i] ?? 0]));
        const limited = limitSize(plan, added, maxSizeBytes);
        const sum = (ids: readonly string[]): number =>
          ids.reduce((all, id) => all + (added.get(id) ?? 0), 0);
        const ids = limited.kept.map(({ row }) => row.id);
        const neededBytes = sum(ids.filter((id) => needs.has(id)));
        expect(sum(ids)).toBeLessThanOrEqual(Math.max(maxSizeBytes, neededBytes));
        expect(limited.deleted.filter(({ id }) => needs.has(id))).toEqual([]);
        const oldestKept = limited.kept.findLast(({ row }) => !needs.has(row.id))?.row.createdAt ?? Infinity;
        for (const { createdAt } of limited.deleted) expect(createdAt).toBeLessThanOrEqual(oldestKept);
        expect(ids.length + limited.deleted.length).toBe(rows.length);
      }),
    );
  });
});

describe('a set of rules', () => {
  it.each<[RetentionRules, boolean]>([
    [{}, false],
    [{ keep: undefined, keepNames: [] }, false],
    [{ keep: 0 }, true],
    [{ keepNames: ['*'] }, true],
    [{ maxSizeBytes: 5 }, true],
  ])('%j has a rule: %s', (rules, expected) => {
    expect(hasRule(rules)).toBe(expected);
  });
});

describe('a glob', () => {
  it.each([
    ['release-*', 'release-1', true],
    ['release-*', 'a release-1', false],
    ['*', '', true],
    ['?', '', false],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'axxbyy', false],
    ['.*', 'ab', false],
  ])('%s, %s: %s', (glob, text, fits) => {
    expect(fitsGlob(glob, text)).toBe(fits);
  });

  it('takes no long time for many stars', () => {
    expect(fitsGlob(`${'*a'.repeat(30)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});
