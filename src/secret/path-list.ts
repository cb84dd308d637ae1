import type { TreePath } from '../checkpoint/tree.ts';

/**
 * Some paths, to be asked for one after the other in their order: then each is the next one, and nothing has to be made of
 * 100,000 of them first, which for a process that asks once would take longer than the asking.
 */
export class PathList {
  readonly #paths: readonly TreePath[];
  readonly #isSorted: boolean;
  #next = 0;
  #set: ReadonlySet<TreePath> | undefined;

  /** In whatever order; quick are those that are sorted. */
  constructor(paths: readonly TreePath[]) {
    this.#paths = paths;
    this.#isSorted = isSorted(paths);
  }

  has(path: TreePath): boolean {
    if (this.#paths[this.#next] === path) {
      this.#next += 1;
      return true;
    }
    if (!this.#isSorted) return (this.#set ??= new Set(this.#paths)).has(path);
    const at = firstFrom(path, this.#paths);
    if (this.#paths[at] !== path) return false;
    this.#next = at + 1;
    return true;
  }
}

function isSorted(paths: readonly TreePath[]): boolean {
  for (let i = 1; i < paths.length; i++) if ((paths[i - 1] ?? '') > (paths[i] ?? '')) return false;
  return true;
}

/** The place of the first path that is this one, or behind it. */
function firstFrom(path: TreePath, paths: readonly TreePath[]): number {
  let [from, to] = [0, paths.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((paths[middle] ?? '') < path) from = middle + 1;
    else to = middle;
  }
  return from;
}
