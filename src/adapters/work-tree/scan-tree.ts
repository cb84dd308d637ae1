import { readlinkSync } from 'node:fs';
import type { ScannedEntry, TreePath, Uncovered } from '../../checkpoint/tree.ts';
import type { TreeScan } from '../../checkpoint/work-tree.ts';
import { fileProblem } from './file-problem.ts';
import { isBelow, type IncludedPaths } from './included-paths.ts';
import { isGitName, Listing, type Child, type SeenDirectory } from './listing.ts';
import { parentPath, rawPath } from './raw-path.ts';
import { knownFile, type StatCache } from './stat-cache.ts';

export interface TreeRules {
  readonly root: string;
  readonly cache: StatCache;
  /** What the last scan saw; empty when there was none. */
  readonly before: ReadonlyMap<TreePath, SeenDirectory>;
  readonly include: IncludedPaths;
  readonly fileBytesMax: number;
  readonly bytesMax: number;
  readonly ignored: Ignored;
  /** The names that are not the project's but a restore's. */
  readonly isOwn: (name: string) => boolean;
}

/** The ignored paths: those of the project's repository, or those of the nested repositories at these paths. */
export type Ignored = (nested?: readonly TreePath[]) => Promise<readonly TreePath[]>;

/** What a scan found, and the directories it looked at for the next one to compare with. */
export interface Scanned {
  readonly scan: TreeScan;
  readonly seen: ReadonlyMap<TreePath, SeenDirectory>;
}

/** Lists a tree: what a checkpoint covers of it, and what it does not. Reads no file. */
export async function scanTree(rules: TreeRules): Promise<Scanned> {
  const { root, cache, isOwn, before } = rules;
  const listing = new Listing({ root, isOwn, before, known: (path, stat) => knownFile(cache, path, stat) });
  const skipped = new Set(cache.skipped);
  const likely = [...likelyDirectories(rules)].filter((path) => !isBelow(path, skipped));
  const reading = listing.readLikely(likely).then(() => listing.readTree((path) => skipped.has(path)));
  const asked = rules.ignored();
  // When one fails nobody awaits the other one any more, and its failure must not end the process.
  await Promise.allSettled([reading, asked]);
  await reading;
  const ignored = await readUnignored(listing, new Set(await asked), rules);
  return { scan: new Scan(listing, ignored, rules).run(), seen: listing.seen };
}

/** Where the last scan, or the cache that was read from its file, knows of something. */
function likelyDirectories({ before, cache }: TreeRules): Iterable<TreePath> {
  if (before.size > 0) return before.keys();
  const directories = new Set<TreePath>();
  for (const path of cache.files.keys()) {
    for (let above = parentPath(path); !directories.has(above); above = parentPath(above))
      directories.add(above);
  }
  return directories;
}

/** Reads the directories that the walk left out but should not have, and asks nested repositories for their rules. */
async function readUnignored(
  listing: Listing,
  ignored: Set<TreePath>,
  rules: TreeRules,
): Promise<Set<TreePath>> {
  const asked = new Set<TreePath>();
  for (;;) {
    await listing.readTree((path) => ignored.has(path) && !rules.include.reaches(path));
    const fresh = [...listing.nested].filter((path) => !asked.has(path) && !isBelow(path, ignored));
    if (fresh.length === 0) return ignored;
    for (const path of fresh) asked.add(path);
    for (const path of await rules.ignored(fresh)) ignored.add(path);
  }
}

class Scan {
  readonly #listing: Listing;
  readonly #ignored: ReadonlySet<TreePath>;
  readonly #rules: TreeRules;
  readonly #entries: ScannedEntry[] = [];
  readonly #uncovered: Uncovered[] = [];

  constructor(listing: Listing, ignored: ReadonlySet<TreePath>, rules: TreeRules) {
    this.#listing = listing;
    this.#ignored = ignored;
    this.#rules = rules;
  }

  run(): TreeScan {
    this.#visitChildren('', false);
    const over = this.#overBudget();
    const entries = over.size === 0 ? this.#entries : this.#entries.filter((entry) => !over.has(entry));
    return { entries: entries.sort(byPath), uncovered: this.#uncovered.sort(byPath) };
  }

  /** The largest files, as many as there have to go so that the others fit. */
  #overBudget(): ReadonlySet<ScannedEntry> {
    const over = new Set<ScannedEntry>();
    const files = this.#entries.filter((entry) => entry.kind === 'file');
    let bytes = files.reduce((sum, { stat }) => sum + stat.size, 0);
    if (bytes <= this.#rules.bytesMax) return over;
    for (const entry of files.toSorted((a, b) => b.stat.size - a.stat.size || byPath(a, b))) {
      if (bytes <= this.#rules.bytesMax) break;
      if (this.#rules.include.covers(entry.path)) continue;
      over.add(entry);
      bytes -= entry.stat.size;
      const { path, stat } = entry;
      this.#uncovered.push({ path, reason: 'over-budget', directory: false, size: stat.size });
    }
    return over;
  }

  #visitChildren(path: TreePath, ignoredAbove: boolean): void {
    const directory = this.#listing.directory(path);
    if (!('children' in directory)) return;
    for (const child of directory.children) this.#visit(child, ignoredAbove);
  }

  #visit(child: Child, ignoredAbove: boolean): void {
    // The project's own is captured as git/…; see UserGit.
    if (child.path === '.git') return;
    if (isGitName(child.path)) return this.#leaveOut(child, 'git-internal');
    const ignored =
      (ignoredAbove || this.#ignored.has(child.path)) && !this.#rules.include.covers(child.path);
    if (ignored && !(child.kind === 'directory' && this.#rules.include.reaches(child.path))) {
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
        return this.#leaveOut(child, 'unreadable');
    }
  }

  #addFile(child: Extract<Child, { kind: 'file' }>): void {
    const { path, mode, stat } = child;
    if (stat.size > this.#rules.fileBytesMax && !this.#rules.include.covers(path)) {
      this.#uncovered.push({ path, reason: 'over-budget', directory: false, size: stat.size });
      return;
    }
    const cached = (child.cached ??= knownFile(this.#rules.cache, path, stat));
    if (cached === undefined) {
      this.#entries.push({ kind: 'file', path, mode, stat, size: stat.size, object: undefined });
      return;
    }
    if (cached.entry?.mode !== mode) {
      cached.entry = { kind: 'file', path, mode, stat, size: stat.size, object: cached.object };
    }
    this.#entries.push(cached.entry);
  }

  #addLink(child: Child): void {
    try {
      const target = readlinkSync(rawPath(this.#rules.root, child.path), { encoding: 'latin1' });
      this.#entries.push({ kind: 'link', path: child.path, target });
    } catch (error) {
      const problem = fileProblem(error, { path: child.path, doing: 'read' });
      if (problem !== 'gone') this.#leaveOut(child, 'changing');
    }
  }

  #addDirectory(child: Extract<Child, { kind: 'directory' }>, ignored: boolean): void {
    const directory = this.#listing.directory(child.path);
    if ('problem' in directory) {
      if (directory.problem !== 'gone') this.#leaveOut(child, directory.problem);
      return;
    }
    const before = this.#entries.length;
    this.#visitChildren(child.path, ignored);
    const empty = this.#entries.length === before;
    this.#entries.push({ kind: 'directory', path: child.path, mode: child.mode, empty });
  }

  #leaveOut(child: Child, reason: Uncovered['reason']): void {
    const size = child.kind === 'file' ? { size: child.stat.size } : {};
    this.#uncovered.push({ path: child.path, reason, directory: child.kind === 'directory', ...size });
  }
}

function byPath(a: { readonly path: TreePath }, b: { readonly path: TreePath }): number {
  return a.path < b.path ? -1 : 1;
}
