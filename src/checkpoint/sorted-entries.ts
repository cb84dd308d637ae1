import { byPath, type TreePath } from './tree.ts';

interface Placed {
  readonly path: TreePath;
}

/** After so many questions a map answers faster than searching, the time to make it included. */
const searchesMax = 2_000;

/** Entries of a tree, each path once, in the order of their paths, to be asked for by them. */
export class SortedEntries<Entry extends Placed> implements Iterable<readonly [TreePath, Entry]> {
  readonly entries: readonly Entry[];
  #searches = 0;
  #byPath: ReadonlyMap<TreePath, Entry> | undefined;

  private constructor(entries: readonly Entry[]) {
    this.entries = entries;
  }

  /** Sorts them when they are not sorted. */
  static of<Entry extends Placed>(entries: readonly Entry[]): SortedEntries<Entry> {
    return new SortedEntries(isSorted(entries) ? entries : entries.toSorted(byPath));
  }

  get(path: TreePath): Entry | undefined {
    if (this.#byPath !== undefined) return this.#byPath.get(path);
    this.#searches += 1;
    // Most restores ask for a few of many thousands.
    if (this.#searches > searchesMax) this.#byPath = new Map(this);
    const found = this.entries[placeOf(this.entries, path)];
    return found?.path === path ? found : undefined;
  }

  has(path: TreePath): boolean {
    return this.get(path) !== undefined;
  }

  values(): Iterable<Entry> {
    return this.entries;
  }

  *keys(): Iterable<TreePath> {
    for (const { path } of this.entries) yield path;
  }

  *[Symbol.iterator](): Iterator<readonly [TreePath, Entry]> {
    for (const entry of this.entries) yield [entry.path, entry];
  }
}

/** Whether each path comes after the one before it. */
export function isSorted(entries: readonly Placed[]): boolean {
  for (let i = 1; i < entries.length; i++)
    if ((entries[i - 1]?.path ?? '') >= (entries[i]?.path ?? '')) return false;
  return true;
}

/** Where the first entry is whose path is not before this one. */
export function placeOf(entries: readonly Placed[], path: TreePath): number {
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((entries[middle]?.path ?? '') < path) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** What two trees have at each path that one of them has, where that is not the very same object. */
export function* pairsOf<One extends Placed, Other extends Placed>(
  one: SortedEntries<One>,
  other: SortedEntries<Other>,
): Generator<readonly [One, Other | undefined] | readonly [undefined, Other]> {
  let at = 0;
  for (const left of one.entries) {
    let right = other.entries[at];
    for (
      ;
      right !== undefined && (right as Placed) !== left && right.path < left.path;
      right = other.entries[++at]
    )
      yield [undefined, right];
    if (right?.path !== left.path) {
      yield [left, undefined];
      continue;
    }
    at += 1;
    // Mostly all of them are.
    if ((right as Placed) !== left) yield [left, right];
  }
  for (; at < other.entries.length; at++) {
    const right = other.entries[at];
    if (right !== undefined) yield [undefined, right];
  }
}
