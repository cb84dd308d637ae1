import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairsOf, SortedEntries } from './sorted-entries.ts';

interface Named {
  readonly path: string;
  readonly from: string;
}

const known: readonly Named[] = ['a', 'a-b', 'a/b', 'b', 'b/c', 'z'].map((path) => ({ path, from: 'both' }));

/** Some of the known ones, and others at the same paths or elsewhere, in any order. */
const trees = fc
  .uniqueArray(
    fc.oneof(fc.constantFrom(...known), fc.record({ path: fc.string({ maxLength: 2 }), from: fc.string() })),
    {
      selector: ({ path }) => path,
    },
  )
  .map((entries) => SortedEntries.of(entries));

test('the pairs of two trees are what each has at every path, but for what both have as the very same', () => {
  fc.assert(
    fc.property(trees, trees, (one, other) => {
      const paths = [...new Set([...one.keys(), ...other.keys()])].toSorted();
      const expected = paths
        .map((path) => [one.get(path), other.get(path)] as const)
        .filter(([left, right]) => left !== right);
      expect([...pairsOf(one, other)]).toEqual(expected);
    }),
  );
});

test('an entry is found by its path, however often one is asked for', () => {
  const entries = Array.from({ length: 3_000 }, (_, i) => ({ path: `f${i}`, i }));
  const tree = SortedEntries.of(entries);
  for (const { path, i } of entries) {
    expect(tree.get(path)?.i).toBe(i);
    expect(tree.has(`${path}-`)).toBe(false);
  }
  expect([...tree.keys()]).toEqual(entries.map(({ path }) => path).toSorted());
});
