import { CodeframeError } from '../failure.ts';
import { showPath, type CodeEntry, type TreePath } from './tree.ts';

/** What a restore makes of the working tree, by path, parents before what is in them. */
export type WantedTree = ReadonlyMap<TreePath, CodeEntry>;

/**
 * The tree that a checkpoint holds. Throws `corrupt-checkpoint` when it names something that no scan can have listed
 * (outside the project, inside `.git`, a file with files in it): a foreign or altered checkpoint, of which nothing is used.
 */
export function wantedTree(checkpointId: string, entries: readonly CodeEntry[]): WantedTree {
  const wanted = new Map<TreePath, CodeEntry>();
  for (const entry of sorted(entries)) {
    const problem = entryProblem(wanted, entry);
    if (problem !== null) {
      const part = `code/${showPath(entry.path)}`;
      throw new CodeframeError({ code: 'corrupt-checkpoint', id: checkpointId, part, problem });
    }
    addParents(wanted, entry.path);
    wanted.set(entry.path, entry);
  }
  return wanted;
}

/** Checkpoints list them sorted, as a rule. */
function sorted(entries: readonly CodeEntry[]): readonly CodeEntry[] {
  const isSorted = entries.every(({ path }, at) => at === 0 || (entries[at - 1]?.path ?? '') < path);
  return isSorted ? entries : entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
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

function entryProblem(wanted: ReadonlyMap<TreePath, CodeEntry>, entry: CodeEntry): string | null {
  const { path } = entry;
  const slash = path.lastIndexOf('/');
  const isBelowKnown = slash > 0 && wanted.get(path.slice(0, slash))?.kind === 'directory';
  // What is above it was looked at when that came.
  if (!isBelowKnown) return pathProblem(path) ?? placeProblem(wanted, entry);
  return pathProblem(path.slice(slash + 1)) ?? (wanted.has(path) ? 'it is listed twice' : null);
}

function pathProblem(path: TreePath): string | null {
  if (path.includes('\0')) return 'its name has a zero byte';
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return 'its path leads out of the project';
    if (name === '.git') return 'it lies inside a git directory';
  }
  return null;
}

function placeProblem(wanted: ReadonlyMap<TreePath, CodeEntry>, entry: CodeEntry): string | null {
  if (wanted.has(entry.path)) return 'it is listed twice';
  for (const parent of ancestorsOf(entry.path)) {
    const above = wanted.get(parent);
    if (above === undefined) continue;
    // What is above a directory was looked at when that came.
    return above.kind === 'directory' ? null : 'it lies in something that is no directory';
  }
  return null;
}

function addParents(wanted: Map<TreePath, CodeEntry>, path: TreePath): void {
  const missing: TreePath[] = [];
  for (const parent of ancestorsOf(path)) {
    if (wanted.has(parent)) break;
    missing.push(parent);
  }
  for (const parent of missing.reverse()) {
    wanted.set(parent, { kind: 'directory', path: parent, mode: 0o755, empty: false });
  }
}
