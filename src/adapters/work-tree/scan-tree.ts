import {
  byPath,
  entriesOf,
  runsWithout,
  type Run,
  type ScannedEntry,
  type TreePath,
  type Uncovered,
} from '../../checkpoint/tree.ts';
import { groupRuns, type RunGroup } from '../../checkpoint/run-groups.ts';
import type { TreeScan } from '../../checkpoint/work-tree.ts';
import { directoryEntries, type MadeEntries, type MakingRules, type Place } from './directory-entries.ts';
import { isBelow, type IncludedPaths } from './included-paths.ts';
import type { NamesRule } from './known-names.ts';
import { Listing, type SeenDirectory } from './listing.ts';
import { parentPath } from './raw-path.ts';
import { knownIn, type StatCache } from './stat-cache.ts';

export interface TreeRules {
  readonly root: string;
  readonly cache: StatCache;
  /** What the last scan saw; empty when there was none. */
  readonly before: ReadonlyMap<TreePath, SeenDirectory>;
  /** Those of them that are not looked at: nothing has happened there since. */
  readonly believed: ReadonlySet<TreePath>;
  /** Whether they are believed although files have got other names since, as a restore gives them. */
  readonly expectsLinks: boolean;
  /** What was ignored then, and is still where no name has come or gone; undefined: git is asked. */
  readonly ignoredBefore: ReadonlySet<TreePath> | undefined;
  /** Which names of directories may be believed the next time; undefined: none. */
  readonly namesRule: NamesRule | undefined;
  readonly made: KeptEntries;
  readonly include: IncludedPaths;
  readonly fileBytesMax: number;
  readonly bytesMax: number;
  readonly ignored: Ignored;
  /** The names that are not the project's but a restore's. */
  readonly isOwn: (name: string) => boolean;
}

/** The ignored paths: those of the project's repository, or those of the nested repositories at these paths. */
export type Ignored = (nested?: readonly TreePath[]) => Promise<readonly TreePath[]>;

/** What a scan found, and what the next one starts from. */
export interface Scanned {
  readonly scan: TreeScan;
  /** The directories that it went through. */
  readonly seen: ReadonlyMap<TreePath, SeenDirectory>;
  readonly ignored: ReadonlySet<TreePath>;
  /** What was not looked at. */
  readonly believed: ReadonlySet<TreePath>;
}

/** Directories of few files are given together: whoever goes through 100,000 entries has ten times as few runs to go through. */
const groupEntries = 48;

interface JoinedRuns extends RunGroup<ScannedEntry> {
  readonly run: Run<ScannedEntry>;
}

/** What scans made of directories, kept for as long as they go by the same rules. */
export class KeptEntries {
  #by = '';
  #made: MadeEntries = new WeakMap();
  #joined: readonly JoinedRuns[] = [];

  /** The same entries in longer runs. */
  joined(runs: readonly Run<ScannedEntry>[]): readonly Run<ScannedEntry>[] {
    this.#joined = groupRuns(runs, { entries: groupEntries, before: this.#joined, make: join });
    return this.#joined.map(({ run }) => run);
  }

  under(ignored: ReadonlySet<TreePath>, others: readonly unknown[]): MadeEntries {
    const by = `${JSON.stringify(others)}\0${[...ignored].join('\0')}`;
    if (by !== this.#by) this.#made = new WeakMap();
    this.#by = by;
    return this.#made;
  }
}

function join(runs: readonly Run<ScannedEntry>[]): JoinedRuns {
  const [only] = runs;
  return { runs, run: runs.length === 1 && only !== undefined ? only : entriesOf(runs) };
}

/**
 * Lists a tree: what a checkpoint covers of it, and what it does not. Reads no file. Nothing is believed once a file has got
 * another name: the directory of its first one is told nothing of that, and nothing of what is written by it.
 */
export async function scanTree(rules: TreeRules): Promise<Scanned> {
  const { root, cache, isOwn, before, namesRule } = rules;
  const asked = new Asked(rules);
  const changedNames = (): void => void asked.begin();
  const listing = new Listing({
    root,
    isOwn,
    before,
    namesRule,
    cached: (path) => knownIn(cache, path),
    changedNames,
  });
  const ignored = await readAll(listing, rules, asked);
  if (rules.believed.size > 0 && listing.hasNewLinks && !rules.expectsLinks)
    return scanTree({ ...rules, believed: new Set() });
  const { include, fileBytesMax, believed } = rules;
  const made = rules.made.under(ignored, [include.asked, fileBytesMax]);
  const scan = new Scan(listing, { ...rules, ignored, made });
  const { runs, uncovered } = scan.run(rules.bytesMax);
  return { scan: { runs: rules.made.joined(runs), uncovered }, seen: scan.seen, ignored, believed };
}

/** git's answer, for which it is not asked before it may be another one than the last time. */
class Asked {
  readonly #rules: TreeRules;
  #answer: Promise<readonly TreePath[]> | undefined;

  constructor(rules: TreeRules) {
    this.#rules = rules;
    if (rules.ignoredBefore === undefined) void this.begin();
  }

  get isBegun(): boolean {
    return this.#answer !== undefined;
  }

  /** Meanwhile the scan goes on. */
  begin(): Promise<readonly TreePath[]> {
    if (this.#answer !== undefined) return this.#answer;
    this.#answer = this.#rules.ignored();
    // When the scan fails nobody awaits it any more, and its failure must not end the process.
    this.#answer.catch(() => undefined);
    return this.#answer;
  }

  /** Nothing of it is left to run. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#answer]);
  }
}

/** Looks where something may have happened; answers what is ignored. */
async function readAll(listing: Listing, rules: TreeRules, asked: Asked): Promise<ReadonlySet<TreePath>> {
  const { believed, ignoredBefore, include } = rules;
  listing.believe(believed);
  const skipped = ignoredBefore ?? new Set(rules.cache.skipped);
  const isLikely = (path: TreePath): boolean => !isBelow(path, skipped);
  try {
    if (believed.size === 0) await listing.readLikely([...likelyDirectories(rules)].filter(isLikely));
    await listing.readTree((path) => skipped.has(path) && !include.reaches(path));
  } finally {
    await asked.settle();
  }
  if (ignoredBefore !== undefined && !asked.isBegun && listing.nested.size === 0) return ignoredBefore;
  return readUnignored(listing, new Set(await asked.begin()), rules);
}

/** Where the last scan, or the cache that was read from its file, knows of something. */
function likelyDirectories({ before, cache }: TreeRules): Iterable<TreePath> {
  if (before.size > 0) return before.keys();
  const directories = new Set<TreePath>(cache.directories.keys());
  for (const path of cache.directories.keys()) {
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
  readonly #rules: MakingRules;
  readonly #runs: Run<ScannedEntry>[] = [];
  readonly #uncovered: Uncovered[] = [];
  /** Where the entries of directories are, and what is in those. */
  readonly #places = new Map<TreePath, { readonly at: number; readonly directory: SeenDirectory }>();
  #bytes = 0;
  readonly seen = new Map<TreePath, SeenDirectory>();

  constructor(listing: Listing, rules: MakingRules) {
    this.#listing = listing;
    this.#rules = rules;
  }

  /** `bytesMax`: files over the budget of a checkpoint are listed, the largest first. */
  run(bytesMax: number): TreeScan {
    const root = this.#listing.directory('');
    if (!('problem' in root)) this.#into('', root, false);
    const runs = this.#bytes <= bytesMax ? this.#runs : this.#withinBudget(bytesMax);
    return { runs, uncovered: this.#uncovered.sort(byPath) };
  }

  #withinBudget(bytesMax: number): readonly Run<ScannedEntry>[] {
    const over = this.#overBudget(bytesMax);
    return runsWithout(this.#runs, (entry) => over.has(entry));
  }

  /** The largest files, as many as there have to go so that the others fit. */
  #overBudget(bytesMax: number): ReadonlySet<ScannedEntry> {
    const over = new Set<ScannedEntry>();
    const files = entriesOf(this.#runs).filter((entry) => entry.kind === 'file');
    let bytes = this.#bytes;
    for (const entry of files.toSorted((a, b) => b.size - a.size || byPath(a, b))) {
      if (bytes <= bytesMax) break;
      if (this.#rules.include.covers(entry.path)) continue;
      over.add(entry);
      bytes -= entry.size;
      const { path, size } = entry;
      this.#uncovered.push({ path, reason: 'over-budget', directory: false, size });
    }
    return over;
  }

  #into(path: TreePath, directory: SeenDirectory, ignored: boolean): void {
    this.seen.set(path, directory);
    const { parts, uncovered, bytes } = directoryEntries({ path, directory, ignored }, this.#rules);
    for (const part of parts) {
      if (!('kind' in part)) this.#runs.push(part);
      else if (part.kind === 'place') this.#addPlace(part);
      else this.#fillPlace(part.place);
    }
    for (const one of uncovered) this.#uncovered.push(one);
    this.#bytes += bytes;
  }

  #addPlace(place: Place): void {
    const directory = this.#listing.directory(place.path);
    if (!('problem' in directory)) {
      this.#places.set(place.path, { at: this.#runs.push(place.full) - 1, directory });
    } else if (directory.problem !== 'gone') {
      this.#uncovered.push({ path: place.path, reason: directory.problem, directory: true });
    }
  }

  #fillPlace(place: Place): void {
    const found = this.#places.get(place.path);
    if (found === undefined) return;
    const before = this.#runs.length;
    this.#into(place.path, found.directory, place.ignored);
    if (this.#runs.length === before) this.#runs[found.at] = place.empty;
  }
}
