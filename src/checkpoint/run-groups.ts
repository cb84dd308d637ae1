import type { Run } from './tree.ts';

/** Some runs that follow each other, and what was made of them together. */
export interface RunGroup<Entry> {
  readonly runs: readonly Run<Entry>[];
}

export interface Grouping<Entry, Group extends RunGroup<Entry>> {
  /** A group has at least about so many entries, and mostly no more than twice as many. */
  readonly entries: number;
  /** What the last grouping answered. */
  readonly before: readonly Group[];
  readonly make: (runs: readonly Run<Entry>[]) => Group;
}

/** Runs in groups. One of before that is in them as it was, each run the same array, is taken over. */
export function groupRuns<Entry, Group extends RunGroup<Entry>>(
  runs: readonly Run<Entry>[],
  { entries, before, make }: Grouping<Entry, Group>,
): readonly Group[] {
  const known = new Map(before.map((group) => [group.runs[0], group]));
  const groups: Group[] = [];
  let fresh = 0;
  const makeUpTo = (at: number): void => {
    for (const one of evenly(runs.slice(fresh, at), entries)) groups.push(make(one));
  };
  for (let at = 0; at < runs.length;) {
    const group = known.get(runs[at]);
    if (group === undefined || !isAt(runs, at, group.runs)) {
      at += 1;
      continue;
    }
    if (fresh < at) makeUpTo(at);
    groups.push(group);
    at += group.runs.length;
    fresh = at;
  }
  makeUpTo(runs.length);
  return groups;
}

function isAt<Entry>(runs: readonly Run<Entry>[], at: number, group: readonly Run<Entry>[]): boolean {
  for (let i = 0; i < group.length; i++) if (runs[at + i] !== group[i]) return false;
  return true;
}

/** Of about the same size each, so that none gets ever smaller by what is put in beside it. */
function evenly<Entry>(runs: readonly Run<Entry>[], entries: number): readonly (readonly Run<Entry>[])[] {
  const all = runs.reduce((count, run) => count + run.length, 0);
  const size = all / Math.ceil(all / (2 * entries));
  const groups: (readonly Run<Entry>[])[] = [];
  let from = 0;
  let count = 0;
  for (const [at, run] of runs.entries()) {
    count += run.length;
    if (count < size && at < runs.length - 1) continue;
    groups.push(runs.slice(from, at + 1));
    from = at + 1;
    count = 0;
  }
  return groups;
}
