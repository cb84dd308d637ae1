import { blobId } from './blob-id.ts';
import { heldBy, type LookedAt, type LookTarget } from './look-at-tree.ts';
import { isUnknown } from './plan-restore.ts';
import type { KnownEntry } from './present-tree.ts';
import { entriesOf, type ScannedEntry, type StatSignature, type TreePath } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';
import { ancestorsOf } from './wanted-tree.ts';
import type { Present, TreeScan, WorkTree } from './work-tree.ts';

/**
 * Looks at every path that operations changed, and answers those that are not as they were to be. Modes of directories
 * come after the commit.
 */
export async function notAsPlanned(
  tree: WorkTree,
  operations: readonly TreeOperation[],
): Promise<readonly TreePath[]> {
  // Where something had to give way, the last operation on a path says what is there.
  const last = new Map(operations.map((operation) => [operation.path, operation]));
  const present = await tree.inspect([...last.keys()]);
  const wrong: TreePath[] = [];
  for (const [path, operation] of last) {
    const found = present.get(path) ?? { kind: 'absent' };
    if (!(await isDone(tree, operation, found))) wrong.push(path);
  }
  return wrong;
}

async function isDone(tree: WorkTree, operation: TreeOperation, found: Present): Promise<boolean> {
  switch (operation.kind) {
    case 'put-file':
      return (
        found.kind === 'file' &&
        found.mode === operation.mode &&
        (await hasBytes(tree, operation.path, operation.object))
      );
    case 'put-link':
      return found.kind === 'link' && found.target === operation.target;
    case 'remove':
    case 'remove-directory':
      return found.kind === 'absent';
    case 'make-directory':
    case 'set-directory-mode':
      return found.kind === 'directory';
    case 'set-mode':
      return found.kind === 'file' && found.mode === operation.mode;
  }
}

async function hasBytes(tree: WorkTree, path: TreePath, object: string): Promise<boolean> {
  const read = await tree.read(path);
  return read.ok && blobId(read.bytes, object) === object;
}

/**
 * Looks once more where names may have come or gone, and answers the paths that no operation touched and that are not as the
 * plan saw them: somebody works in the project, and what came of it is neither in the safety checkpoint nor what the restore was to leave. Left out is what
 * the restore was not to look at: paths that its filter does not select, that the checkpoint did not cover, or that were or
 * are uncovered, as by a `.gitignore` that came back.
 */
export async function movedElsewhere(
  tree: WorkTree,
  target: LookTarget,
  looked: LookedAt & { readonly scan: TreeScan },
): Promise<readonly TreePath[]> {
  const scan = await tree.scan({ include: looked.include, held: heldBy(target), byTimes: true });
  const isAside = asideOf(target, looked, scan);
  const moved: TreePath[] = [];
  for (const [path, before, after] of changedPairs(looked.known, entriesOf(scan.runs))) {
    if (isAside(path) || (await hasSameBytes(tree, before, after))) continue;
    moved.push(path);
  }
  return moved.toSorted();
}

type ChangedPair = readonly [TreePath, KnownEntry | undefined, ScannedEntry | undefined];

/** What is at each path where two scans differ, gone through side by side: they are sorted, and mostly all is the same. */
function changedPairs(one: readonly KnownEntry[], other: readonly ScannedEntry[]): readonly ChangedPair[] {
  const changed: ChangedPair[] = [];
  let at = 0;
  for (const before of one) {
    for (let after = other[at]; after !== undefined && after.path < before.path; after = other[++at])
      changed.push([after.path, undefined, after]);
    const after = other[at];
    if (after?.path !== before.path) changed.push([before.path, before, undefined]);
    else {
      at += 1;
      if (!isUnchanged(before, after)) changed.push([before.path, before, after]);
    }
  }
  for (const after of other.slice(at)) changed.push([after.path, undefined, after]);
  return changed;
}

function asideOf(target: LookTarget, looked: LookedAt, scan: TreeScan): (path: TreePath) => boolean {
  const touched = new Set(looked.plan.operations.map(({ path }) => path));
  const uncovered = new Set([...looked.uncovered, ...scan.uncovered].map(({ path }) => path));
  const isUncovered = (path: TreePath): boolean =>
    uncovered.has(path) || [...ancestorsOf(path)].some((above) => uncovered.has(above));
  return (path) =>
    touched.has(path) ||
    isUncovered(path) ||
    isUnknown(path, target.unknown) ||
    target.filter?.selects(path) === false;
}

/** Whether a directory is empty is not asked: what is in it has an entry of its own. */
function isUnchanged(before: KnownEntry, after: ScannedEntry): boolean {
  // Scans give the same entry again for a file that did not change.
  if (before === after) return true;
  switch (after.kind) {
    case 'file':
      return before.kind === 'file' && before.mode === after.mode && isSameStat(before.stat, after.stat);
    case 'link':
      return before.kind === 'link' && before.target === after.target;
    case 'directory':
      return before.kind === 'directory' && before.mode === after.mode;
  }
}

function isSameStat(one: StatSignature, other: StatSignature): boolean {
  return (
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs &&
    one.inode === other.inode &&
    one.device === other.device
  );
}

/** Times alone say little: those of a file's other names change when one of them is replaced. */
async function hasSameBytes(
  tree: WorkTree,
  before: KnownEntry | undefined,
  after: ScannedEntry | undefined,
): Promise<boolean> {
  if (before?.kind !== 'file' || after?.kind !== 'file' || before.mode !== after.mode) return false;
  return hasBytes(tree, before.path, before.object);
}
