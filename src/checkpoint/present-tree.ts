import { pairsOf, SortedEntries } from './sorted-entries.ts';
import type { CodeEntry, ObjectId, ScannedEntry, TreePath, Uncovered } from './tree.ts';
import type { Before } from './tree-writer.ts';
import type { WantedTree } from './wanted-tree.ts';
import { ancestorsOf } from './wanted-tree.ts';
import type { Present } from './work-tree.ts';

/** A scanned entry of which also the content is known. */
export type KnownEntry =
  | (Extract<ScannedEntry, { kind: 'file' }> & { readonly object: ObjectId })
  | Exclude<ScannedEntry, { kind: 'file' }>;

/** The project's files as they are, as far as a restore has to know them. */
export interface PresentTree {
  readonly entries: readonly KnownEntry[];
  readonly uncovered: readonly Uncovered[];
  /** Ignored paths that the scan was told to take in. */
  readonly included: readonly TreePath[];
  /** What is at the wanted paths that lie at or below uncovered ones; see `hiddenPaths`. */
  readonly found: ReadonlyMap<TreePath, Present>;
}

/** What is at a path: covered, uncovered, or nothing. */
type There =
  | { readonly kind: 'absent' }
  | { readonly kind: 'covered'; readonly entry: KnownEntry }
  | { readonly kind: 'uncovered'; readonly directory: boolean; readonly by: Uncovered };

/** Answers what is at a path, and which uncovered paths lie below one. */
export interface PresentView {
  there(path: TreePath): There;
  isDirectory(path: TreePath): boolean;
  holdsUncovered(directory: TreePath): boolean;
  uncoveredBelow(directory: TreePath): readonly Uncovered[];
  isIncluded(path: TreePath): boolean;
}

/** The wanted paths of which a scan does not say what is there, because something uncovered hides them. */
export function hiddenPaths(
  wanted: WantedTree,
  scan: Pick<PresentTree, 'entries' | 'uncovered'>,
): TreePath[] {
  if (scan.uncovered.length === 0) return [];
  const uncovered = new Set(scan.uncovered.map((entry) => entry.path));
  const hidden: TreePath[] = [];
  for (const [entry, covered] of pairsOf(wanted, SortedEntries.of(scan.entries))) {
    if (entry !== undefined && covered === undefined && isAtOrBelow(entry.path, uncovered))
      hidden.push(entry.path);
  }
  return hidden;
}

export function viewPresent(tree: PresentTree, covered: SortedEntries<KnownEntry>): PresentView {
  const uncovered = new Map(tree.uncovered.map((entry) => [entry.path, entry]));
  const included = new Set(tree.included);
  const holding = new Set(tree.uncovered.flatMap((entry) => [...ancestorsOf(entry.path)]));
  const there = (path: TreePath): There => {
    const entry = covered.get(path);
    if (entry !== undefined) return { kind: 'covered', entry };
    const by = coveringOf(path, uncovered);
    if (by === undefined) return { kind: 'absent' };
    const found = tree.found.get(path);
    if (found !== undefined && found.kind === 'absent') return { kind: 'absent' };
    const directory = found === undefined ? by.directory && by.path === path : found.kind === 'directory';
    return { kind: 'uncovered', directory, by };
  };
  return {
    there,
    isDirectory(path) {
      const what = there(path);
      if (what.kind === 'covered') return what.entry.kind === 'directory';
      return what.kind === 'uncovered' && what.directory;
    },
    holdsUncovered: (directory) => holding.has(directory),
    uncoveredBelow: (directory) => tree.uncovered.filter((entry) => entry.path.startsWith(`${directory}/`)),
    isIncluded: (path) => isAtOrBelow(path, included),
  };
}

/** What an operation has to find; null when it is a directory. */
export function beforeOf(entry: KnownEntry): Exclude<Before, { kind: 'absent' }> | null {
  if (entry.kind === 'directory') return null;
  if (entry.kind === 'link') return { kind: 'link', target: entry.target };
  return { kind: 'file', mode: entry.mode, object: entry.object, stat: entry.stat };
}

/** Whether two entries of one path differ in more than their modes. */
export function sameContent(present: KnownEntry, wanted: CodeEntry): boolean {
  if (present.kind === 'file' && wanted.kind === 'file') return present.object === wanted.object;
  if (present.kind === 'link' && wanted.kind === 'link') return present.target === wanted.target;
  return present.kind === 'directory' && wanted.kind === 'directory';
}

function coveringOf(path: TreePath, uncovered: ReadonlyMap<TreePath, Uncovered>): Uncovered | undefined {
  if (uncovered.size === 0) return undefined;
  const itself = uncovered.get(path);
  if (itself !== undefined) return itself;
  for (const parent of ancestorsOf(path)) {
    const above = uncovered.get(parent);
    if (above !== undefined) return above;
  }
  return undefined;
}

function isAtOrBelow(path: TreePath, paths: { has(path: TreePath): boolean }): boolean {
  if (paths.has(path)) return true;
  for (const parent of ancestorsOf(path)) if (paths.has(parent)) return true;
  return false;
}
