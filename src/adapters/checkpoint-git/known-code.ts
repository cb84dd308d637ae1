import {
  byPath,
  entriesOf,
  showPath,
  type CodeEntry,
  type ObjectId,
  type Run,
  type TreePath,
} from '../../checkpoint/tree.ts';
import { placeOf } from '../../checkpoint/sorted-entries.ts';
import { CodeLines } from './code-lines.ts';
import { readModes } from './code-at.ts';
import { codePrefix } from './code-entries.ts';
import { pathOfStored } from './entry-names.ts';
import { objectSizes } from './missing-objects.ts';
import type { StoreReading } from './read-checked.ts';
import { fileMode, type StoredModes } from './tree-modes.ts';
import type { TreeItem } from './git-objects.ts';
import type { Trees, TreeItems } from './trees.ts';

/** The working tree of a checkpoint, and the trees that hold it. */
export interface KnownCode {
  /** Of the directory `code/`. */
  readonly tree: ObjectId;
  /** Of `code-meta/`: the same id, the same modes and directories without files. */
  readonly modes: ObjectId;
  /** Sorted by path. */
  readonly runs: readonly Run<CodeEntry>[];
  readonly lines: CodeLines;
}

/**
 * The working tree of another checkpoint, by reading only the directories in which it differs from a known one; what is the
 * same is the very same entry. Undefined where that does not tell: modes or empty directories differ, or a directory is
 * where none was. Throws `corrupt-checkpoint` for a tree that cannot be read, of either.
 */
export async function codeByKnown(
  reading: StoreReading,
  trees: Trees,
  known: KnownCode,
): Promise<Pick<KnownCode, 'runs' | 'lines'> | undefined> {
  const top = await trees.itemsAt('');
  const tree = top.get('code')?.object;
  if (tree === undefined || top.get('code-meta')?.object !== known.modes) return undefined;
  if (tree === known.tree) return known;
  const differing = new Differing(trees);
  await differing.compare({ before: known.tree, after: tree, above: '' });
  if (differing.hasOtherDirectories) return undefined;
  const changed = new Map<TreePath, CodeEntry | undefined>();
  for (const path of differing.gone) changed.set(path, undefined);
  for (const entry of await readEntries(reading, trees, differing.came)) changed.set(entry.path, entry);
  const runs = mergeChanged(known.runs, changed);
  return { runs, lines: CodeLines.of(runs, known.lines) };
}

interface Came {
  readonly path: TreePath;
  readonly item: TreeItem;
}

/** What two trees differ in, but for directories that only one of them has. */
class Differing {
  readonly #trees: Trees;
  readonly gone: TreePath[] = [];
  readonly came: Came[] = [];
  hasOtherDirectories = false;

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  /** `above`: what the paths start with, as stored. */
  async compare(one: {
    readonly before: ObjectId;
    readonly after: ObjectId;
    readonly above: string;
  }): Promise<void> {
    const part = codePrefix + showPath(one.above);
    const [before, after] = await Promise.all([
      this.#trees.items(one.before, part),
      this.#trees.items(one.after, part),
    ]);
    await Promise.all([...after.values()].map((item) => this.#add(item, before, one.above)));
    for (const { path, mode } of before.values()) {
      if (mode === '40000') this.hasOtherDirectories ||= after.get(path)?.mode !== mode;
      else if (!isSameKind(mode, after.get(path)?.mode)) this.gone.push(pathOfStored(one.above + path));
    }
  }

  async #add(item: TreeItem, before: TreeItems, above: string): Promise<void> {
    const old = before.get(item.path);
    if (old !== undefined && old.object === item.object && old.mode === item.mode) return;
    const path = above + item.path;
    if (item.mode !== '40000') this.came.push({ path: pathOfStored(path), item });
    else if (old?.mode !== item.mode) this.hasOtherDirectories = true;
    else await this.compare({ before: old.object, after: item.object, above: `${path}/` });
  }
}

/** Whether what is there now takes the place of a file or link: both may have one name as stored, or another one each. */
function isSameKind(before: string, after: string | undefined): boolean {
  return after !== undefined && after !== '40000' && (before === '120000') === (after === '120000');
}

async function readEntries(
  reading: StoreReading,
  trees: Trees,
  came: readonly Came[],
): Promise<readonly CodeEntry[]> {
  const modes = await readModes(trees);
  const files = came.filter(({ item }) => item.mode !== '120000');
  const sizes = await objectSizes(
    reading.place,
    files.map(({ item }) => item.object),
  );
  return Promise.all(came.map((one) => entryOf(trees, { ...one, modes, sizes })));
}

async function entryOf(
  trees: Trees,
  {
    path,
    item,
    modes,
    sizes,
  }: Came & { readonly modes: StoredModes; readonly sizes: ReadonlyMap<ObjectId, number> },
): Promise<CodeEntry> {
  const { object, mode } = item;
  if (mode !== '120000')
    return { kind: 'file', path, mode: fileMode(modes, mode, path), object, size: sizes.get(object) ?? -1 };
  const target = await trees.read(object, codePrefix + showPath(path));
  return { kind: 'link', path, object, target: target.toString('latin1') };
}

/** `changed`: what is there now, or undefined where nothing is. A run in which nothing is changed stays as it is. */
function mergeChanged(
  runs: readonly Run<CodeEntry>[],
  changed: ReadonlyMap<TreePath, CodeEntry | undefined>,
): readonly Run<CodeEntry>[] {
  const paths = [...changed.keys()].sort();
  const merged: Run<CodeEntry>[] = [];
  let at = 0;
  runs.forEach((run, i) => {
    const last = i === runs.length - 1 ? undefined : run.at(-1)?.path;
    const from = at;
    while (at < paths.length && (last === undefined || (paths[at] ?? '') <= last)) at += 1;
    if (from === at) return void merged.push(run);
    const fresh = paths.slice(from, at).flatMap((path) => changed.get(path) ?? []);
    const left = run.filter(({ path }) => !changed.has(path));
    const now = [...left, ...fresh].sort(byPath);
    if (now.length > 0) merged.push(now);
  });
  return merged;
}

const runEntries = 64;

/** A list that came as a whole. */
export function runsOf(code: readonly CodeEntry[]): readonly Run<CodeEntry>[] {
  const runs: Run<CodeEntry>[] = [];
  for (let at = 0; at < code.length; at += runEntries) runs.push(code.slice(at, at + runEntries));
  return runs;
}

/** All entries. Whoever gave a directory to be written need not have known whether it is empty, and no list says it. */
export function withEmptiness(runs: readonly Run<CodeEntry>[]): readonly CodeEntry[] {
  const code = entriesOf(runs);
  for (const [i, entry] of code.entries()) {
    if (entry.kind !== 'directory') continue;
    const below = `${entry.path}/`;
    const empty = code[placeOf(code, below)]?.path.startsWith(below) !== true;
    if (empty !== entry.empty) code[i] = { ...entry, empty };
  }
  return code;
}
