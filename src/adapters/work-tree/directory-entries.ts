import { readlinkSync } from 'node:fs';
import type { ScannedEntry, TreePath, Uncovered } from '../../checkpoint/tree.ts';
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
  readonly full: DirectoryEntry;
  readonly empty: DirectoryEntry;
}

/** Where all that is in that directory comes: `a-b` lies between `a` and `a/b`. */
export interface Into {
  readonly kind: 'into';
  readonly place: Place;
}

/** What a scan makes of one directory, without those below it. */
export interface DirectoryEntries {
  /** In the order of a checkpoint. */
  readonly items: readonly (Exclude<ScannedEntry, DirectoryEntry> | Place | Into)[];
  readonly uncovered: readonly Uncovered[];
  /** Of its covered files. */
  readonly bytes: number;
}

export interface CoverRules {
  readonly root: string;
  readonly cache: StatCache;
  readonly ignored: ReadonlySet<TreePath>;
  readonly include: IncludedPaths;
  readonly fileBytesMax: number;
}

/** For as long as the rules are the same: what was made of a directory, for when it is seen again as it was. */
export type MadeEntries = WeakMap<SeenDirectory, DirectoryEntries>;

/** `ignoredAbove`: whether a directory above it, or it itself, is ignored. */
export function directoryEntries(
  directory: SeenDirectory,
  ignoredAbove: boolean,
  rules: CoverRules & { readonly made: MadeEntries },
): DirectoryEntries {
  const known = rules.made.get(directory);
  if (known !== undefined) return known;
  const cover = new Cover(rules, ignoredAbove);
  for (const child of directory.children) cover.add(child);
  const entries = cover.entries();
  if (cover.isLasting) rules.made.set(directory, entries);
  return entries;
}

class Cover {
  readonly #rules: CoverRules;
  readonly #ignoredAbove: boolean;
  readonly #items: DirectoryEntries['items'][number][] = [];
  readonly #uncovered: Uncovered[] = [];
  #bytes = 0;
  #hasPlaces = false;
  /** Whether it stays so for as long as the directory does. */
  isLasting = true;

  constructor(rules: CoverRules, ignoredAbove: boolean) {
    this.#rules = rules;
    this.#ignoredAbove = ignoredAbove;
  }

  entries(): DirectoryEntries {
    const items = this.#hasPlaces ? this.#items.sort(byKey) : this.#items;
    return { items, uncovered: this.#uncovered, bytes: this.#bytes };
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
        this.isLasting = false;
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
      this.isLasting = false;
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
    if (child.ctimeMs > Date.now() - racyMs) this.isLasting = false;
    try {
      const target = readlinkSync(rawPath(this.#rules.root, child.path), { encoding: 'latin1' });
      this.#items.push({ kind: 'link', path: child.path, target });
    } catch (error) {
      this.isLasting = false;
      const problem = fileProblem(error, { path: child.path, doing: 'read' });
      if (problem !== 'gone') this.#leaveOut(child, 'changing');
    }
  }

  #addDirectory({ path, mode }: Extract<Child, { kind: 'directory' }>, ignored: boolean): void {
    const [full, empty] = [false, true].map((isEmpty) => ({
      kind: 'directory' as const,
      path,
      mode,
      empty: isEmpty,
    })) as [DirectoryEntry, DirectoryEntry];
    const place: Place = { kind: 'place', path, ignored, full, empty };
    this.#items.push(place, { kind: 'into', place });
    this.#hasPlaces = true;
  }

  #leaveOut(child: Child, reason: Uncovered['reason']): void {
    const size = child.kind === 'file' ? { size: child.stat.size } : {};
    this.#uncovered.push({ path: child.path, reason, directory: child.kind === 'directory', ...size });
  }
}

function byKey(a: DirectoryEntries['items'][number], b: DirectoryEntries['items'][number]): number {
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

function keyOf(item: DirectoryEntries['items'][number]): string {
  return item.kind === 'into' ? `${item.place.path}/` : item.path;
}
