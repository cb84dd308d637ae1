import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupRuns, type RunGroup } from './run-groups.ts';
import { entriesOf, type Run } from './tree.ts';

type Group = RunGroup<number>;

const size = 8;
const group = (runs: readonly Run<number>[], before: readonly Group[]): readonly Group[] =>
  groupRuns(runs, { entries: size, before, make: (some) => ({ runs: some }) });

const run = fc.array(fc.nat(), { minLength: 1, maxLength: 12 });
const change = fc.record({ at: fc.nat(), removed: fc.nat(3), put: fc.array(run, { maxLength: 3 }) });

test('groups hold all runs in their order, whatever came and went since the last grouping', () => {
  fc.assert(
    fc.property(fc.array(run), fc.array(change, { maxLength: 12 }), (first, changes) => {
      let runs: readonly Run<number>[] = first;
      let groups = group(runs, []);
      for (const { at, removed, put } of changes) {
        runs = runs.toSpliced(at % (runs.length + 1), removed, ...put);
        groups = group(runs, groups);
        expect(groups.flatMap((one) => one.runs)).toEqual(runs);
        expect(groups.every((one) => one.runs.length > 0)).toBe(true);
      }
    }),
  );
});

test('where nothing has changed the groups are the very same', () => {
  const runs = Array.from({ length: 200 }, (_, i) => [i, i]);
  const before = group(runs, []);
  const changed = runs.with(100, [0]);
  const after = group(changed, before);
  expect(after.filter((one) => !before.includes(one))).toHaveLength(1);
  expect(group(changed, after)).toEqual(after);
  expect(after.every((one) => entriesOf(one.runs).length >= size / 2)).toBe(true);
});
