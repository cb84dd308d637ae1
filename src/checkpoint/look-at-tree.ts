import { blobId } from './blob-id.ts';
import { worktreesPath } from '../agent/worktree.ts';
import { inner, isInside } from './joined-tree.ts';
import { everyPath, type PathFilter } from './path-filter.ts';
import { planRestore, type RestorePlan } from './plan-restore.ts';
import { hiddenPaths, type KnownEntry, type PresentTree } from './present-tree.ts';
import {
  entriesOf,
  type CodeEntry,
  type ObjectId,
  type ScannedEntry,
  type TreePath,
  type Uncovered,
  type UncoveredReason,
} from './tree.ts';
import { ancestorsOf, type WantedTree } from './wanted-tree.ts';
import type { Held, TreeScan, WorkTree } from './work-tree.ts';

export interface LookedAt {
  /** What the plan was made from; undefined when nobody looked. */
  readonly scan: TreeScan | undefined;
  /** Its entries, of files also the content. */
  readonly known: readonly KnownEntry[];
  readonly plan: RestorePlan;
  readonly uncovered: readonly Uncovered[];
  /** Ignored paths that a safety checkpoint has to take in. */
  readonly include: readonly TreePath[];
  /** Those of them that the plan touches. */
  readonly saved: readonly TreePath[];
}

export interface LookTarget {
  readonly wanted: WantedTree;
  /** What the checkpoint did not cover, as its manifest shows it. */
  readonly unknown: ReadonlySet<string>;
  /** Covered or ignored, what is at these paths is there because of the restore that is undone. */
  readonly made?: readonly TreePath[];
  /** Left out: every path. */
  readonly filter?: PathFilter;
  /** An id of the store that the wanted objects are in: it says by which hash files have to be compared. */
  readonly like: ObjectId;
}

/** Plans from the tree as it is now; looks again, with what is ignored and in the way, until nothing of that is left out. */
export async function planFromTree(tree: WorkTree, target: LookTarget): Promise<LookedAt> {
  const { wanted } = target;
  const include: TreePath[] = [];
  for (;;) {
    const present = await presentTree(tree, { ...target, include });
    const ignored = ignoredOf(target.made ?? [], present);
    if (ignored.length > 0) {
      include.push(...ignored);
      continue;
    }
    const plan = planRestore(wanted, present, limitsOf(target, present));
    if (plan.save.length === 0) {
      const saved = include.filter((path) => plan.operations.some((one) => isAtOrBelow(one.path, path)));
      const { scan, entries: known, uncovered } = present;
      return { scan, known, plan, uncovered, include, saved };
    }
    include.push(...plan.save);
  }
}

/** A worktree that the checkpoint does not know stays: its agent has been added since, and there may be work in it. */
function limitsOf(target: LookTarget, { entries }: PresentTree): Parameters<typeof planRestore>[2] {
  const { filter = everyPath, wanted } = target;
  const unknown = entries.filter(({ path }) => isWorktree(path) && !wanted.has(path)).map(({ path }) => path);
  if (unknown.length === 0) return target;
  const isLeft = (path: TreePath): boolean =>
    path === worktreesPath || unknown.some((one) => isAtOrBelow(path, one));
  return {
    ...target,
    filter: {
      selects: (path) => !isLeft(path) && filter.selects(path),
      unmatched: () => filter.unmatched(),
    },
  };
}

function isWorktree(path: TreePath): boolean {
  return isInside(path) && !inner(path).includes('/');
}

/** Those of the paths that are hidden because they are ignored, or lie in what is. */
function ignoredOf(paths: readonly TreePath[], present: PresentTree): readonly TreePath[] {
  if (paths.length === 0) return [];
  const ignored = new Set(
    present.uncovered.filter(({ reason }) => reason === 'ignored').map(({ path }) => path),
  );
  const isHidden = (path: TreePath): boolean =>
    [path, ...ancestorsOf(path)].some((one) => ignored.has(one)) && !present.included.includes(path);
  return paths.filter(isHidden);
}

/** The tree with every file's content known. */
async function presentTree(
  tree: WorkTree,
  options: LookTarget & { readonly include: readonly TreePath[] },
): Promise<PresentTree & { readonly scan: TreeScan }> {
  const { wanted, like, include } = options;
  const scan = await tree.scan({ include, held: heldBy(options) });
  const known = await readUnknown(tree, scan, like);
  const found = await tree.inspect(hiddenPaths(wanted, known));
  return { ...known, scan, included: include, found };
}

/** A tree that has just been scanned with the same options: the next who asks gets that scan. */
export function scannedAlready(tree: WorkTree, scan: TreeScan): WorkTree {
  return {
    root: tree.root,
    scan: (options) => (options.distrustCache === true ? tree.scan(options) : Promise.resolve(scan)),
    read: (path) => tree.read(path),
    remember: (objects) => tree.remember(objects),
    inspect: (paths) => tree.inspect(paths),
    unsearched: () => tree.unsearched?.() ?? [],
  };
}

/** What the target holds, for a scan. */
export function heldBy({ wanted, like }: Pick<LookTarget, 'wanted' | 'like'>): Held {
  return { has: (path) => wanted.has(path), object: (path) => objectOf(wanted.get(path)), like };
}

function objectOf(entry: CodeEntry | undefined): ObjectId | undefined {
  return entry === undefined || entry.kind === 'directory' ? undefined : entry.object;
}

/** Hashes the files that the scan cache does not know. Those that cannot be read are uncovered. */
export async function readUnknown(
  tree: WorkTree,
  scan: TreeScan,
  like: ObjectId,
): Promise<Pick<PresentTree, 'entries' | 'uncovered'>> {
  const entries: KnownEntry[] = [];
  const uncovered: Uncovered[] = [...scan.uncovered];
  for (const entry of entriesOf(scan.runs)) {
    // Nearly all: a step that is awaited costs more than all that is done with one of them.
    if (isKnown(entry)) {
      entries.push(entry);
      continue;
    }
    const known = await know(tree, entry, like);
    if (typeof known === 'object') entries.push(known);
    else if (known !== 'gone') uncovered.push({ path: entry.path, reason: known, directory: false });
  }
  return { entries, uncovered };
}

function isKnown(entry: ScannedEntry): entry is KnownEntry {
  return entry.kind !== 'file' || entry.object !== undefined;
}

async function know(
  tree: WorkTree,
  entry: Extract<ScannedEntry, { kind: 'file' }>,
  like: ObjectId,
): Promise<KnownEntry | UncoveredReason | 'gone'> {
  const read = await tree.read(entry.path);
  if (!read.ok) return read.reason;
  return { ...entry, mode: read.mode, stat: read.stat, object: blobId(read.bytes, like) };
}

/** Whether a path is another one or lies in it. */
export function isAtOrBelow(path: TreePath, above: TreePath): boolean {
  return path === above || path.startsWith(`${above}/`);
}
