import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PathList } from './path-list.ts';

const path = fc.array(fc.constantFrom('a', 'a.b', 'a-b', 'B', '\xe9'), { minLength: 1, maxLength: 3 });
const paths = fc.array(
  path.map((parts) => parts.join('/')),
  { maxLength: 30 },
);

test('it has what a set has, in whatever order it was given and is asked', () => {
  fc.assert(
    fc.property(paths, paths, fc.boolean(), (given, asked, isSorted) => {
      const list = new PathList(isSorted ? given.toSorted() : given);
      const set = new Set(given);
      for (const one of [...asked, ...given.toSorted(), ...given, ...asked])
        expect(list.has(one)).toBe(set.has(one));
    }),
  );
});

test('a path that stands there many times, as in a conflict, hides none behind it', () => {
  const list = new PathList(['a', 'b', 'b', 'b', 'c']);
  expect(['a', 'b', 'c', 'd', 'b', 'b', 'c'].map((one) => list.has(one))).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
    true,
  ]);
});
