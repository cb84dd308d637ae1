import { expect, test } from 'vitest';
import { childrenFirst, familyOf, type Circles } from './family.ts';
import type { ProcessEntry } from './process-table.ts';

/** `self` is 100, started from the shell 50, in group 100 of session 50. */
const self = 100;
const around = [
  at(1, { parent: 0, group: 1, session: 1 }),
  at(50, { parent: 1, group: 50, session: 50 }),
  at(100, { parent: 50, group: 100, session: 50 }),
];

function at(
  pid: number,
  { parent = 1, group = pid, session = group, over = false }: Partial<Omit<ProcessEntry, 'pid' | 'start'>>,
): ProcessEntry {
  return { pid, parent, group, session, over, stopped: false, start: `t${pid}` };
}

function family(
  entries: readonly ProcessEntry[],
  seeds: readonly number[],
  known?: Circles,
): readonly number[] {
  const found = familyOf({ entries: [...around, ...entries], self }, new Set(seeds), known);
  return childrenFirst(found.members).map(({ pid }) => pid);
}

test('descendants of a seed belong to it, children before their parents', () => {
  const entries = [at(200, {}), at(201, { parent: 200 }), at(202, { parent: 201 }), at(300, {})];
  expect(family(entries, [200])).toEqual([202, 201, 200]);
});

test('what lost its parent belongs by its group or session, when a member leads it or its leader is gone', () => {
  const entries = [
    at(200, {}),
    at(210, { group: 200 }),
    at(220, { group: 220, session: 200 }),
    at(230, { group: 999, session: 999 }),
    at(231, { group: 999, session: 998 }),
    at(240, { group: 997, session: 997 }),
  ];
  expect(new Set(family(entries, [200, 230]))).toEqual(new Set([200, 210, 220, 230, 231]));
});

test('a group or session that somebody else leads is left alone, as is ours', () => {
  const entries = [
    at(60, { parent: 50, group: 60, session: 50 }),
    at(61, { parent: 50, group: 60, session: 50 }),
    at(70, { parent: 50, group: 100, session: 50 }),
    at(71, { parent: 50, group: 100, session: 50 }),
  ];
  expect(new Set(family(entries, [61, 70]))).toEqual(new Set([61, 70]));
});

test('a leader that is only a zombie leads no more', () => {
  expect(family([at(200, { over: true }), at(201, { group: 200 }), at(202, { group: 200 })], [201])).toEqual([
    201, 202,
  ]);
});

test('neither this process nor its ancestors nor pid 1 are ever found, nor what only hangs on them', () => {
  const entries = [
    at(101, { parent: 100, group: 100, session: 50 }),
    at(2, { parent: 0, group: 0, session: 0 }),
  ];
  expect(family(entries, [1, 50, 100])).toEqual([]);
});

test('a parent chain that is a circle, which a read of a moving table may show, ends', () => {
  const entries = [at(200, { parent: 201 }), at(201, { parent: 200 })];
  expect(new Set(family(entries, [200]))).toEqual(new Set([200, 201]));
});

test('what is in a group that is known to belong is found, unless its number is another’s by now', () => {
  const known = { groups: new Set([200, 300]), sessions: new Set([400]) };
  const entries = [
    at(201, { group: 200, session: 999 }),
    at(300, {}),
    at(301, { group: 300, session: 300 }),
    at(401, { group: 410, session: 400 }),
  ];
  expect(new Set(family(entries, [], known))).toEqual(new Set([201, 401]));
});
