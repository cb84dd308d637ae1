import { CodeframeError } from '../failure.ts';
import { isSorted, placeOf, SortedEntries } from './sorted-entries.ts';
import { byPath, showPath, type CodeEntry, type TreePath } from './tree.ts';

/** What a restore makes of the working tree: with every directory above an entry, parents before what is in them. */
export type WantedTree = SortedEntries<CodeEntry>;

/**
 * The tree that a checkpoint holds. Throws `corrupt-checkpoint` when it names something that no scan can have listed
 * (outside the project, inside `.git`, a file with files in it): a foreign or altered checkpoint, of which nothing is used.
 */
export function wantedTree(checkpointId: string, entries: readonly CodeEntry[]): WantedTree {
  const all = sorted(entries);
  const directories = new Set<TreePath>();
  const added: CodeEntry[] = [];
  // The directory of the entry before, and whether it is one: mostly the next entry is in it, too.
  let above = '';
  let isKnown = false;
  let last: TreePath | undefined;
  for (const entry of all) {
    const { path } = entry;
    const slash = path.lastIndexOf('/');
    if (slash !== above.length || !path.startsWith(above)) {
      above = path.slice(0, Math.max(0, slash));
      isKnown = slash > 0 && directories.has(above);
    }
    const problem =
      (isKnown
        ? nameProblem(path.slice(slash + 1))
        : (pathProblem(path) ?? placeProblem(all, path, directories))) ??
      (path === last ? 'it is listed twice' : null);
    if (problem !== null) {
      const part = `code/${showPath(path)}`;
      throw new CodeframeError({ code: 'corrupt-checkpoint', id: checkpointId, part, problem });
    }
    if (!isKnown) added.push(...missingParents(path, directories));
    isKnown = above !== '';
    if (entry.kind === 'directory') directories.add(path);
    last = path;
  }
  return SortedEntries.of(added.length === 0 ? all : [...all, ...added]);
}

/** Checkpoints list them sorted, as a rule. */
function sorted(entries: readonly CodeEntry[]): readonly CodeEntry[] {
  return isSorted(entries) ? entries : entries.toSorted(byPath);
}

/** The directory that a path lies in; the root is the empty path. */
export function parentOf(path: TreePath): TreePath {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

/** The directories above a path, nearest first, without the root. */
export function* ancestorsOf(path: TreePath): Generator<TreePath> {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) yield parent;
}

function pathProblem(path: TreePath): string | null {
  for (const name of path.split('/')) {
    const problem = nameProblem(name);
    if (problem !== null) return problem;
  }
  return null;
}

function nameProblem(name: string): string | null {
  if (name.includes('\0')) return 'its name has a zero byte';
  if (name === '' || name === '.' || name === '..') return 'its path leads out of the project';
  return name === '.git' ? 'it lies inside a git directory' : null;
}

/** `directories`: those that came before. */
function placeProblem(
  all: readonly CodeEntry[],
  path: TreePath,
  directories: ReadonlySet<TreePath>,
): string | null {
  for (const parent of ancestorsOf(path)) {
    // What is above a directory was looked at when that came.
    if (directories.has(parent)) return null;
    if (all[placeOf(all, parent)]?.path === parent) return 'it lies in something that is no directory';
  }
  return null;
}

/** The directories above a path that are not known yet; they are from now on. */
function missingParents(path: TreePath, directories: Set<TreePath>): readonly CodeEntry[] {
  const missing: CodeEntry[] = [];
  for (const parent of ancestorsOf(path)) {
    if (directories.has(parent)) break;
    directories.add(parent);
    missing.push({ kind: 'directory', path: parent, mode: 0o755, empty: false });
  }
  return missing;
}
