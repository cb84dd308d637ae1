import { readlinkSync } from 'node:fs';
import type { ScannedEntry, TreePath, Uncovered } from '../../checkpoint/tree.ts';
import type { TreeScan } from '../../checkpoint/work-tree.ts';
import { fileProblem } from './file-problem.ts';
import { isBelow, type IncludedPaths } from './included-paths.ts';
import { isGitName, Listing, type Child } from './listing.ts';
import { rawPath } from './raw-path.ts';
import type { StatCache } from './stat-cache.ts';

export interface TreeRules {
  readonly root: string;
  readonly cache: StatCache;
  readonly include: IncludedPaths;
  readonly fileBytesMax: number;
  readonly bytesMax: number;
  readonly ignored: Ignored;
  /** The names that are not the project's but a restore's. */
  readonly isOwn: (name: string) => boolean;
}

/** The ignored paths: those of the project's repository, or those of the nested repositories at these paths. */
export type Ignored = (nested?: readonly TreePath[]) => Promise<readonly TreePath[]>;

/** Lists a tree: what a checkpoint covers of it, and what it does not. Reads no file. */
export async function scanTree(rules: TreeRules): Promise<TreeScan> {
  const asked = rules.ignored();
  const listing = new Listing(rules.root, { known: rules.cache.files, isOwn: rules.isOwn });
  const skipped = new Set(rules.cache.skipped);
  try {
    listing.readBelow('', (path) => skipped.has(path));
  } catch (error) {
    // Nobody awaits the other one any more, and its failure must not end the process.
    await Promise.allSettled([asked]);
    throw error;
  }
  const ignored = await readUnignored(listing, new Set(await asked), rules);
  return new Scan(listing, ignored, rules).run();
}

/** Reads the directories that the walk left out but should not have, and asks nested repositories for their rules. */
async function readUnignored(
  listing: Listing,
  ignored: Set<TreePath>,
  rules: TreeRules,
): Promise<Set<TreePath>> {
  const asked = new Set<TreePath>();
  for (;;) {
    listing.readBelow('', (path) => ignored.has(path) && !rules.include.reaches(path));
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

  #addFile({ path, mode, stat, cached }: Extract<Child, { kind: 'file' }>): void {
    if (stat.size > this.#rules.fileBytesMax && !this.#rules.include.covers(path)) {
      this.#uncovered.push({ path, reason: 'over-budget', directory: false, size: stat.size });
      return;
    }
    if (cached === undefined) {
      this.#entries.push({ kind: 'file', path, mode, stat, object: undefined });
      return;
    }
    if (cached.entry?.mode !== mode) {
      cached.entry = { kind: 'file', path, mode, stat, object: cached.object };
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
