import type { TreeChange } from '../handle.ts';
import { everyPath, type PathFilter } from './path-filter.ts';
import { listChanges, planDigest } from './plan-summary.ts';
import { beforeOf, sameContent, viewPresent, type KnownEntry, type PresentTree } from './present-tree.ts';
import type { PresentView } from './present-tree.ts';
import { pairsOf, SortedEntries } from './sorted-entries.ts';
import { showPath, type CodeEntry, type TreePath, type Uncovered } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';
import { ancestorsOf, type WantedTree } from './wanted-tree.ts';

/** What a restore does to the working tree, exactly. */
export interface RestorePlan {
  /** In an order in which they can be applied. Empty when the tree is as wanted. */
  readonly operations: readonly TreeOperation[];
  readonly changes: readonly TreeChange[];
  /** Ignored paths in the way: scan again with them included, so that the safety checkpoint holds them. */
  readonly save: readonly TreePath[];
  /** Why it cannot be done; empty when it can. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Names the operations and what each of them is to find. */
  readonly digest: string;
}

/** Never deleted, also when a checkpoint does not hold it: without it the directory is no project any more. */
const ownDirectory = '.codeframe';
const ownConfig = `${ownDirectory}/config.json`;

/**
 * The way from the present tree to the wanted one: only what differs is touched, and only covered paths are deleted.
 * What the checkpoint itself did not cover (`unknown`, as its manifest shows it) is not deleted either: that it is not
 * in the checkpoint does not say that it was not there. Of what `filter` does not select nothing is touched; a directory
 * above something that it selects is made where it is missing.
 *
 * The order: what gives way to another kind, directories (parents first), files and links, modes, deletions (deepest
 * first), modes of directories. Until the deletions, both the old and the new content are somewhere on disk.
 */
export function planRestore(
  wanted: WantedTree,
  present: PresentTree,
  limits: { readonly unknown?: ReadonlySet<string>; readonly filter?: PathFilter } = {},
): RestorePlan {
  const planning = startPlanning(wanted, present, limits);
  for (const entry of planning.differing) {
    if (entry.kind !== 'directory') planLeaf(planning, entry);
    else if (planning.selects(entry.path)) planDirectory(planning, entry);
    else planWayTo(planning, entry);
  }
  for (const entry of planning.unwanted.toReversed()) planUnwanted(planning, entry);
  const { clear, make, put, modes, remove, directoryModes } = planning;
  clear.sort((a, b) => (a.path < b.path ? 1 : -1));
  const operations = [...clear, ...make, ...put, ...modes, ...remove, ...directoryModes];
  return {
    operations,
    changes: listChanges(operations, planning.view, planning.wanted),
    save: [...planning.save].toSorted(),
    problems: planning.problems,
    digest: planDigest(operations),
  };
}

function isAsWanted(present: KnownEntry | undefined, wanted: CodeEntry): boolean {
  if (present === undefined || !sameContent(present, wanted)) return false;
  return present.kind === 'link' || wanted.kind === 'link' || present.mode === wanted.mode;
}

interface Planning {
  /** What is selected of it, and the directories above that. */
  readonly wanted: WantedTree;
  /** Those of it that are not there as they are wanted. */
  readonly differing: readonly CodeEntry[];
  /** What is there and not among these. */
  readonly unwanted: readonly KnownEntry[];
  readonly selects: (path: TreePath) => boolean;
  readonly view: PresentView;
  /** Directories that are there now and go. */
  readonly going: ReadonlySet<TreePath>;
  readonly kept: ReadonlySet<TreePath>;
  readonly clear: TreeOperation[];
  readonly make: TreeOperation[];
  readonly put: TreeOperation[];
  readonly modes: TreeOperation[];
  readonly remove: TreeOperation[];
  readonly directoryModes: TreeOperation[];
  readonly save: Set<TreePath>;
  readonly problems: { path: string; problem: string }[];
}

function startPlanning(
  all: WantedTree,
  present: PresentTree,
  { unknown = new Set(), filter = everyPath }: NonNullable<Parameters<typeof planRestore>[2]>,
): Planning {
  const covered = SortedEntries.of(present.entries);
  const view = viewPresent(present, covered);
  const staysOwn = keepsOwnDirectory(all, view);
  const selects = (path: TreePath): boolean => filter.selects(path) && !(staysOwn && isOwn(path));
  const wanted = filter === everyPath && !staysOwn ? all : selectWanted(all, selects);
  const { differing, unwanted, replaced } = differences(wanted, covered);
  const kept = keptPaths({ wanted, unwanted, unknown, selects });
  const going = new Set<TreePath>();
  for (const { path } of [...unwanted, ...replaced].filter(({ kind }) => kind === 'directory')) {
    if (!view.holdsUncovered(path) && !kept.has(path)) going.add(path);
  }
  const lists = { clear: [], make: [], put: [], modes: [], remove: [], directoryModes: [] };
  return { wanted, differing, unwanted, selects, view, going, kept, ...lists, save: new Set(), problems: [] };
}

interface Differences {
  readonly differing: readonly CodeEntry[];
  readonly unwanted: readonly KnownEntry[];
  /** What is there where something of another kind is wanted. */
  readonly replaced: readonly KnownEntry[];
}

/** Of many thousands nearly all are as they are wanted. */
function differences(wanted: WantedTree, covered: SortedEntries<KnownEntry>): Differences {
  const differing: CodeEntry[] = [];
  const unwanted: KnownEntry[] = [];
  const replaced: KnownEntry[] = [];
  for (const [entry, there] of pairsOf(wanted, covered)) {
    if (entry === undefined) unwanted.push(there);
    else if (!isAsWanted(there, entry)) {
      differing.push(entry);
      if (there !== undefined && there.kind !== entry.kind) replaced.push(there);
    }
  }
  return { differing, unwanted, replaced };
}

/**
 * A link in the place of the project's own directory, or a directory where the checkpoint has a link: either way what
 * makes this a project would be lost or change under the program, so it stays as it is.
 */
function keepsOwnDirectory(wanted: WantedTree, view: PresentView): boolean {
  if (view.there(ownDirectory).kind === 'absent') return false;
  const saved = wanted.get(ownDirectory);
  return !view.isDirectory(ownDirectory) || (saved !== undefined && saved.kind !== 'directory');
}

function isOwn(path: TreePath): boolean {
  return path === ownDirectory || path.startsWith(`${ownDirectory}/`);
}

function selectWanted(all: WantedTree, selects: (path: TreePath) => boolean): WantedTree {
  const needed = new Set<TreePath>();
  for (const path of all.keys()) {
    if (!selects(path)) continue;
    for (const one of [path, ...ancestorsOf(path)]) needed.add(one);
  }
  return SortedEntries.of(all.entries.filter(({ path }) => needed.has(path)));
}

/** Covered paths that stay although they are not wanted, with the directories above them. */
function keptPaths(given: {
  readonly wanted: WantedTree;
  readonly unwanted: readonly KnownEntry[];
  readonly unknown: ReadonlySet<string>;
  readonly selects: (path: TreePath) => boolean;
}): ReadonlySet<TreePath> {
  const { wanted, unwanted, unknown, selects } = given;
  const kept = new Set<TreePath>();
  for (const { path } of unwanted) {
    const stays =
      !selects(path) || path === ownConfig || (isUnknown(path, unknown) && !givesWay(wanted, path));
    if (!stays) continue;
    for (const one of [path, ...ancestorsOf(path)]) kept.add(one);
  }
  return kept;
}

/** Whether a checkpoint did not cover a path; `unknown` as its manifest shows it. */
export function isUnknown(path: TreePath, unknown: ReadonlySet<string>): boolean {
  if (unknown.size === 0) return false;
  return [path, ...ancestorsOf(path)].some((one) => unknown.has(showPath(one)));
}

/** Whether a file or link is wanted where the path has a directory. */
function givesWay(wanted: WantedTree, path: TreePath): boolean {
  return [...ancestorsOf(path)].some((parent) => {
    const above = wanted.get(parent);
    return above !== undefined && above.kind !== 'directory';
  });
}

function planDirectory(planning: Planning, entry: Extract<CodeEntry, { kind: 'directory' }>): void {
  const { path, mode } = entry;
  const there = planning.view.there(path);
  if (there.kind === 'uncovered') {
    if (!there.directory) giveWay(planning, path, there.by);
    return;
  }
  if (there.kind === 'covered' && there.entry.kind === 'directory') {
    const before = there.entry.mode;
    if (before !== mode) planning.directoryModes.push({ kind: 'set-directory-mode', path, before, mode });
    return;
  }
  if (there.kind === 'covered') planRemoval(planning, there.entry, planning.clear);
  planning.make.push({ kind: 'make-directory', path, mode });
}

/** A directory above something that is selected, which is not selected itself: it only has to be there. */
function planWayTo(planning: Planning, { path, mode }: Extract<CodeEntry, { kind: 'directory' }>): void {
  const there = planning.view.there(path);
  if (planning.view.isDirectory(path)) return;
  if (there.kind === 'absent') return void planning.make.push({ kind: 'make-directory', path, mode });
  planning.problems.push({
    path: showPath(path),
    problem: 'it is in the way of what was named, and was not named itself',
  });
}

function planLeaf(planning: Planning, entry: Exclude<CodeEntry, { kind: 'directory' }>): void {
  const { path } = entry;
  const there = planning.view.there(path);
  if (there.kind === 'uncovered') return giveWay(planning, path, there.by);
  if (there.kind === 'absent')
    return void planning.put.push(putOperation(planning, entry, { kind: 'absent' }));
  const before = beforeOf(there.entry);
  if (before === null) {
    for (const inside of planning.view.uncoveredBelow(path)) giveWay(planning, inside.path, inside);
    planRemoval(planning, there.entry, planning.clear);
    planning.put.push(putOperation(planning, entry, { kind: 'absent' }));
    return;
  }
  if (!sameContent(there.entry, entry)) {
    planning.put.push(putOperation(planning, entry, before));
    return;
  }
  if (entry.kind !== 'file' || before.kind !== 'file' || before.mode === entry.mode) return;
  planning.modes.push({ kind: 'set-mode', path, before, mode: entry.mode });
}

function planUnwanted(planning: Planning, entry: KnownEntry): void {
  const { path } = entry;
  const clears = givesWay(planning.wanted, path);
  if (planning.kept.has(path) || (entry.kind === 'directory' && !planning.going.has(path))) return;
  planRemoval(planning, entry, clears ? planning.clear : planning.remove);
}

function planRemoval(planning: Planning, entry: KnownEntry, list: TreeOperation[]): void {
  const { path } = entry;
  const home = homeOf(planning, path);
  const before = beforeOf(entry);
  if (before !== null) list.push({ kind: 'remove', path, home, before });
  else if (entry.kind === 'directory') list.push({ kind: 'remove-directory', path, home, mode: entry.mode });
}

function putOperation(
  planning: Planning,
  entry: Exclude<CodeEntry, { kind: 'directory' }>,
  before: Extract<TreeOperation, { kind: 'put-file' }>['before'],
): TreeOperation {
  const { path } = entry;
  const home = homeOf(planning, path);
  if (entry.kind === 'link') return { kind: 'put-link', path, home, before, target: entry.target };
  return { kind: 'put-file', path, home, before, mode: entry.mode, object: entry.object, size: entry.size };
}

/** The nearest directory above that is there now and stays: files can be staged in it, and wait there to be deleted. */
function homeOf(planning: Planning, path: TreePath): TreePath {
  for (const parent of ancestorsOf(path)) {
    if (planning.view.isDirectory(parent) && !planning.going.has(parent)) return parent;
  }
  return '';
}

/** Something uncovered is where the checkpoint has something else: saved first when that can be, else it blocks. */
function giveWay(planning: Planning, path: TreePath, uncovered: Uncovered): void {
  if (uncovered.reason === 'ignored' && !planning.view.isIncluded(path)) {
    planning.save.add(path);
    return;
  }
  planning.problems.push({ path: showPath(path), problem: wayProblems[uncovered.reason] });
}

const wayProblems: { readonly [Reason in Uncovered['reason']]: string } = {
  ignored: 'it is ignored, is in the way, and could not be saved',
  'over-budget': 'it is in the way and too big to be saved first',
  special: 'it is in the way and is no file, link or directory',
  unreadable: 'it is in the way and cannot be read, so it could not be saved first',
  changing: 'it is in the way and changes while it is read',
  'git-internal': 'it is in the way and belongs to a git repository',
  secret: 'it is in the way and holds a secret, which is not saved',
};
