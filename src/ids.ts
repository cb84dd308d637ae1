/** The kinds of things that get an id, with the letter that the id starts with. */
export const idLetters = {
  project: 'p',
  checkpoint: 'c',
  pause: 'z',
  restore: 'r',
  blocker: 'b',
  step: 's',
  item: 'i',
  archive: 'a',
  event: 'e',
  owner: 'o',
  merge: 'm',
} as const;

export type IdKind = keyof typeof idLetters;

/** Makes ids: the kind's letter and 12 characters of lower-case base 32, never twice the same. */
export interface Ids {
  next(kind: IdKind): string;
}

/** The names nearest to a mistyped one, best first, at most three. */
export function nearest(name: string, known: readonly string[]): readonly string[] {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(
      ({ candidate, distance }) => candidate.startsWith(name) || distance <= Math.max(2, name.length / 3),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
