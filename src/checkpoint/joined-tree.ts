import { worktreesPath } from '../agent/worktree.ts';
import { byPath, runsWithout, type ObjectId, type Run, type ScannedEntry, type TreePath } from './tree.ts';
import type { Held, KnownObject, Present, ScanOptions, TreeScan, WorkTree } from './work-tree.ts';

/** The agents' worktrees as a tree of their own. */
export interface SecondTree {
  readonly tree: WorkTree;
  /** Whether there is anything of it. */
  exists(): boolean;
}

/**
 * The project's files and the agents' worktrees as one tree, the worktrees below `worktreesPath`. Whatever the project
 * itself has there is not covered.
 */
export function joinTrees(first: WorkTree, second: SecondTree): WorkTree {
  return {
    root: first.root,
    async scan(options) {
      const one = await first.scan({
        ...options,
        include: options.include.filter((path) => !isInside(path)),
      });
      if (!second.exists()) return one;
      return joinScans(one, await second.tree.scan(innerOptions(options)));
    },
    read: (path) => (isInside(path) ? second.tree.read(inner(path)) : first.read(path)),
    async remember(objects) {
      const [outside, inside] = splitMap(objects);
      await first.remember(outside);
      if (second.exists()) await second.tree.remember(inside);
    },
    async inspect(paths) {
      const outside = await first.inspect(paths.filter((path) => !isInside(path)));
      const innerPaths = paths.filter(isInside);
      const isThere = second.exists();
      const inside =
        isThere && innerPaths.length > 0 ? await second.tree.inspect(innerPaths.map(inner)) : new Map();
      const place: Present = isThere ? { kind: 'directory', mode: 0o755 } : { kind: 'absent' };
      return new Map<TreePath, Present>([
        ...outside,
        ...(paths.includes(worktreesPath) ? [[worktreesPath, place] as const] : []),
        ...innerPaths.map((path) => [path, inside.get(inner(path)) ?? { kind: 'absent' }] as const),
      ]);
    },
    close() {
      first.close?.();
      second.tree.close?.();
    },
    unsearched: () => [
      ...(first.unsearched?.() ?? []),
      ...(second.exists() ? (second.tree.unsearched?.() ?? []) : []).map(outer),
    ],
  };
}

/** Whether a path lies in one of the agents' worktrees. */
export function isInside(path: TreePath): boolean {
  return path.startsWith(`${worktreesPath}/`);
}

/** As the second tree calls it. */
export function inner(path: TreePath): TreePath {
  return path.slice(worktreesPath.length + 1);
}

export function outer(path: TreePath): TreePath {
  return `${worktreesPath}/${path}`;
}

function innerOptions(options: ScanOptions): ScanOptions {
  const { held } = options;
  const innerHeld: Held | undefined = held && {
    has: (path) => held.has(outer(path)),
    object: (path): ObjectId | undefined => held.object(outer(path)),
    like: held.like,
  };
  return {
    ...options,
    include: options.include.filter(isInside).map(inner),
    ...(innerHeld === undefined ? {} : { held: innerHeld }),
  };
}

function joinScans(one: TreeScan, other: TreeScan): TreeScan {
  const isOurs = ({ path }: { readonly path: TreePath }): boolean => path === worktreesPath || isInside(path);
  const runs = runsWithout(one.runs, isOurs);
  // Apart: `worktrees-2` lies between `worktrees` and what is in it.
  if (other.runs.length > 0) for (const added of [[place], other.runs.map(outerRun)]) insertRuns(runs, added);
  // The link of each worktree to the repository is captured as its parts.
  const inside = other.uncovered.filter(({ path }) => !/^[^/]+\/\.git$/.test(path));
  const uncovered = [
    ...one.uncovered.filter((entry) => !isOurs(entry)),
    ...inside.map((entry) => ({ ...entry, path: outer(entry.path) })),
  ];
  const believed = (one.believed ?? 0) + (other.believed ?? 0);
  return {
    runs,
    uncovered: uncovered.sort(byPath),
    ...(believed > 0 && { believed }),
  };
}

const place: Run<ScannedEntry> = [{ kind: 'directory', path: worktreesPath, mode: 0o755, empty: false }];

/** Puts runs that lie between two entries of others in their place. */
function insertRuns(runs: Run<ScannedEntry>[], added: readonly Run<ScannedEntry>[]): void {
  const first = added[0]?.[0]?.path ?? '';
  const isBefore = ({ path }: { readonly path: TreePath }): boolean => path < first;
  const at = runs.findIndex((run) => (run.at(-1)?.path ?? '') >= first);
  if (at === -1) {
    runs.push(...added);
    return;
  }
  const cut = runs[at] ?? [];
  const parts = [cut.filter(isBefore), cut.filter((entry) => !isBefore(entry))] as const;
  if (parts[0].length === 0) runs.splice(at, 0, ...added);
  else runs.splice(at, 1, parts[0], ...added, parts[1]);
}

/** The same for the same run and the same entry: stores compare what they had before by identity first. */
const outerRuns = new WeakMap<Run<ScannedEntry>, Run<ScannedEntry>>();
const outerEntries = new WeakMap<ScannedEntry, ScannedEntry>();

function outerRun(run: Run<ScannedEntry>): Run<ScannedEntry> {
  return keptIn(outerRuns, run, () => run.map(outerEntry));
}

function outerEntry(entry: ScannedEntry): ScannedEntry {
  return keptIn(outerEntries, entry, () => ({ ...entry, path: outer(entry.path) }));
}

function keptIn<Of extends object>(kept: WeakMap<Of, Of>, of: Of, make: () => Of): Of {
  const known = kept.get(of);
  if (known !== undefined) return known;
  const made = make();
  kept.set(of, made);
  return made;
}

type Objects = ReadonlyMap<TreePath, KnownObject>;

function splitMap(objects: Objects): readonly [Objects, Objects] {
  const outside = new Map<TreePath, KnownObject>();
  const inside = new Map<TreePath, KnownObject>();
  for (const [path, known] of objects) {
    if (isInside(path)) inside.set(inner(path), known);
    else outside.set(path, known);
  }
  return [outside, inside];
}
