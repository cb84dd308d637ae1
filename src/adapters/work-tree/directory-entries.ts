import { readlinkSync } from 'node:fs';
import type { Run, ScannedEntry, TreePath, Uncovered } from '../../checkpoint/tree.ts';
import { fileProblem } from './file-problem.ts';
import type { IncludedPaths } from './included-paths.ts';
import { isGitName, type Child, type SeenDirectory } from './listing.ts';
import { rawPath } from './raw-path.ts';
import { knownFile, racyMs, type StatCache } from './stat-cache.ts';

type DirectoryEntry = Extract<ScannedEntry, { kind: 'directory' }>;

/** Where the entry of a directory comes, once it is known whether something in it is covered. */
export interface Place {
  readonly kind: 'place';
  readonly path: TreePath;
  readonly ignored: boolean;
  /** Both made once: the next scan gives the same again. */
  readonly full: Run<DirectoryEntry>;
  readonly empty: Run<DirectoryEntry>;
}

/** Where all that is in that directory comes: `a-b` lies between `a` and `a/b`. */
export interface Into {
  readonly kind: 'into';
  readonly place: Place;
}

/** What a scan makes of one directory, without those below it. */
export interface DirectoryEntries {
  /** In the order of a checkpoint. */
  readonly parts: readonly (Run<ScannedEntry> | Place | Into)[];
  readonly uncovered: readonly Uncovered[];
  /** Of its covered files. */
  readonly bytes: number;
  /** Whether it stays so for as long as the directory does. */
  readonly isLasting: boolean;
}

type Item = Exclude<ScannedEntry, DirectoryEntry> | Place | Into;

/** A directory of very many files is given in runs of so many: a change in it is one in few of them. */
const runEntriesMax = 128;

export interface CoverRules {
  readonly root: string;
  readonly cache: StatCache;
  readonly ignored: ReadonlySet<TreePath>;
  readonly include: IncludedPaths;
  readonly fileBytesMax: number;
}

/** For as long as the rules are the same: what was made of a directory, for when it is seen again as it was. */
export type MadeEntries = WeakMap<SeenDirectory, DirectoryEntries>;

export interface MakingRules extends CoverRules {
  readonly made: MadeEntries;
  /** The directories as the last scan saw them. */
  readonly before: ReadonlyMap<TreePath, SeenDirectory>;
}

/** A directory as it is now. */
export interface Seen {
  readonly path: TreePath;
  readonly directory: SeenDirectory;
  /** Whether a directory above it, or it itself, is ignored. */
  readonly ignored: boolean;
}

export function directoryEntries(seen: Seen, rules: MakingRules): DirectoryEntries {
  const { made } = rules;
  const known = made.get(seen.directory);
  if (known?.isLasting === true) return known;
  const cover = new Cover(rules, seen.ignored);
  for (const child of seen.directory.children) cover.add(child);
  const before = rules.before.get(seen.path);
  const last = known ?? (before && made.get(before));
  const entries = cover.entries(last?.parts ?? []);
  made.set(seen.directory, entries);
  return entries;
}

class Cover {
  readonly #rules: CoverRules;
  readonly #ignoredAbove: boolean;
  readonly #items: Item[] = [];
  readonly #uncovered: Uncovered[] = [];
  #bytes = 0;
  #hasPlaces = false;
  #isLasting = true;

  constructor(rules: CoverRules, ignoredAbove: boolean) {
    this.#rules = rules;
    this.#ignoredAbove = ignoredAbove;
  }

  /** `before`: the parts that were made the last time; those that are the same now are taken over. */
  entries(before: DirectoryEntries['parts']): DirectoryEntries {
    const items = this.#hasPlaces ? this.#items.sort(byKey) : this.#items;
    const parts = partsOf(items).map((part, at) => sameOf(part, before[at]) ?? part);
    return { parts, uncovered: this.#uncovered, bytes: this.#bytes, isLasting: this.#isLasting };
  }

  add(child: Child): void {
    // The project's own is captured as git/…; see UserGit.
    if (child.path === '.git') return;
    if (isGitName(child.path)) return this.#leaveOut(child, 'git-internal');
    const { include } = this.#rules;
    const ignored =
      (this.#ignoredAbove || this.#rules.ignored.has(child.path)) && !include.covers(child.path);
    if (ignored && !(child.kind === 'directory' && include.reaches(child.path))) {
      return this.#leaveOut(child, 'ignored');
    }
    switch (child.kind) {
      case 'file':
        return this.#addFile(child);
      case 'link':
        return this.#addLink(child);
      case 'directory':
        return this.#addDirectory(child, ignored);
      case 'special':
        return this.#leaveOut(child, 'special');
      case 'unreadable':
        this.#isLasting = false;
        return this.#leaveOut(child, 'unreadable');
    }
  }

  #addFile(child: Extract<Child, { kind: 'file' }>): void {
    const { path, mode, stat } = child;
    if (stat.size > this.#rules.fileBytesMax && !this.#rules.include.covers(path)) {
      this.#uncovered.push({ path, reason: 'over-budget', directory: false, size: stat.size });
      return;
    }
    this.#bytes += stat.size;
    const cached = (child.cached ??= knownFile(this.#rules.cache, path, stat));
    if (cached === undefined) {
      this.#isLasting = false;
      this.#items.push({ kind: 'file', path, mode, stat, size: stat.size, object: undefined });
      return;
    }
    if (cached.entry?.mode !== mode) {
      cached.entry = { kind: 'file', path, mode, stat, size: stat.size, object: cached.object };
    }
    this.#items.push(cached.entry);
  }

  #addLink(child: Extract<Child, { kind: 'link' }>): void {
    // Another one may have been put in its place, and its inode, before the clock of the file system went on.
    if (child.ctimeMs > Date.now() - racyMs) this.#isLasting = false;
    try {
      const target = readlinkSync(rawPath(this.#rules.root, child.path), { encoding: 'latin1' });
      this.#items.push({ kind: 'link', path: child.path, target });
    } catch (error) {
      this.#isLasting = false;
      const problem = fileProblem(error, { path: child.path, doing: 'read' });
      if (problem !== 'gone') this.#leaveOut(child, 'changing');
    }
  }

  #addDirectory({ path, mode }: Extract<Child, { kind: 'directory' }>, ignored: boolean): void {
    const full: Run<DirectoryEntry> = [{ kind: 'directory', path, mode, empty: false }];
    const empty: Run<DirectoryEntry> = [{ kind: 'directory', path, mode, empty: true }];
    const place: Place = { kind: 'place', path, ignored, full, empty };
    this.#items.push(place, { kind: 'into', place });
    this.#hasPlaces = true;
  }

  #leaveOut(child: Child, reason: Uncovered['reason']): void {
    const size = child.kind === 'file' ? { size: child.stat.size } : {};
    this.#uncovered.push({ path: child.path, reason, directory: child.kind === 'directory', ...size });
  }
}

function isPlace(item: Item): item is Place | Into {
  return item.kind === 'place' || item.kind === 'into';
}

function partsOf(items: readonly Item[]): DirectoryEntries['parts'] {
  const parts: (ScannedEntry[] | Place | Into)[] = [];
  for (const item of items) {
    const last = parts.at(-1);
    if (isPlace(item)) parts.push(item);
    else if (Array.isArray(last) && last.length < runEntriesMax) last.push(item);
    else parts.push([item]);
  }
  return parts;
}

type Part = DirectoryEntries['parts'][number];

/** A part that was made before, when it says what this one says. */
function sameOf(now: Part, before: Part | undefined): Part | undefined {
  if (isRun(now))
    return before !== undefined && isRun(before) && hasSameEntries(now, before) ? before : undefined;
  if (before === undefined || isRun(before) || before.kind !== now.kind) return undefined;
  const [is, was] = [placeOf(now), placeOf(before)];
  const isSame = was.path === is.path && was.ignored === is.ignored && was.full[0]?.mode === is.full[0]?.mode;
  return isSame ? before : undefined;
}

function isRun(part: Part): part is Run<ScannedEntry> {
  return Array.isArray(part);
}

function hasSameEntries(a: Run<ScannedEntry>, b: Run<ScannedEntry>): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i]);
}

function placeOf(part: Place | Into): Place {
  return part.kind === 'into' ? part.place : part;
}

function byKey(a: Item, b: Item): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf(item: Item): string {
  return item.kind === 'into' ? `${item.place.path}/` : item.path;
}
