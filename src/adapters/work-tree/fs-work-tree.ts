import { join } from 'node:path';
import { isRestoreName, restoreNamePrefix, type TreePath } from '../../checkpoint/tree.ts';
import type { KnownObject, ScanOptions, TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { ChangeFeed } from './change-feed.ts';
import { IncludedPaths } from './included-paths.ts';
import { inspectPaths } from './inspect.ts';
import { readTreeFile } from './read-file.ts';
import type { SeenDirectory } from './listing.ts';
import { QuietDirectories } from './quiet-directories.ts';
import { prepareThreads } from './look-threads.ts';
import { deviceOfKnownNames } from './known-names.ts';
import { KeptEntries, scanTree, type Ignored } from './scan-tree.ts';
import { FileStat } from './file-stat.ts';
import { isRacy, racyMs, type CachedFile, type StatCache } from './stat-cache.ts';
import { StatCacheFile } from './stat-cache-file.ts';
import { unmovedDirectories } from './unmoved-directories.ts';

export interface WorkTreePlace {
  /** Absolute, links resolved. */
  readonly root: string;
  /** Where the scan cache is kept: outside the project. */
  readonly dataDir: string;
  readonly ignored: Ignored;
  /**
   * Tells what the answer of `ignored` hangs on besides names and `.gitignore` files in the tree: the same text, the same
   * answer. Undefined, and when left out: nobody knows.
   */
  readonly ignoredBy?: () => string | undefined;
  /** Ignored paths that are covered all the same, in every scan, as people write them; see `IncludedPaths`. */
  readonly include?: readonly string[];
  /** A file over this many bytes is listed and not captured; 50 MB when left out. */
  readonly fileBytesMax?: number | undefined;
  /** Of more bytes than this the largest files are listed and not captured; 2 GB when left out. */
  readonly bytesMax?: number | undefined;
  /** The restores whose own files may be in the tree; none when left out. */
  readonly restoring?: () => Promise<readonly string[]>;
  /** With fewer entries there is no feed: all is looked at in 10 ms; 2,000 when left out. */
  readonly feedNamesMin?: number;
  /** Wall time in ms; the machine's when left out. */
  readonly now?: () => number;
}

const fileBytesMax = 50 * 1024 * 1024;
const bytesMax = 2 * 1024 * 1024 * 1024;
const feedNamesMin = 2_000;
/** After so many scans by the feed one looks at everything: what it does not see is missing for no longer. */
const feedScansMax = 9;

/** The project's files on this machine's file system. */
export function openWorkTree(place: WorkTreePlace): WorkTree {
  const tree = new FsWorkTree(place);
  return {
    root: place.root,
    scan: (options) => tree.scan(options),
    read: (path) => readTreeFile(place.root, path, place.now),
    remember: (objects) => tree.remember(objects),
    inspect: async (paths) => inspectPaths(place.root, paths),
    close: () => tree.close(),
  };
}

/** What the scan before has left. */
interface Last {
  readonly restoring: string;
  /** When the scan began, in ms since 1970. */
  readonly beganAt: number;
  readonly seen: ReadonlyMap<TreePath, SeenDirectory>;
  readonly ignored: ReadonlySet<TreePath>;
  /** What `ignored` hung on besides the tree. */
  readonly rules: string | undefined;
}

class FsWorkTree {
  readonly #place: WorkTreePlace;
  readonly #file: StatCacheFile;
  readonly #made = new KeptEntries();
  #cache: StatCache | undefined;
  #skipped: readonly TreePath[] = [];
  readonly #device: number | undefined;
  #last: Last | undefined;
  #feed: { readonly feed: ChangeFeed; readonly quiet: QuietDirectories } | undefined;
  #scansByFeed = 0;

  constructor(place: WorkTreePlace) {
    this.#place = place;
    this.#device = deviceOfKnownNames(place.root);
    this.#file = new StatCacheFile(join(place.dataDir, 'stat-cache'));
  }

  async scan(options: ScanOptions): Promise<TreeScan> {
    const place = this.#place;
    if (this.#cache === undefined) prepareThreads(this.#file.likelyFiles());
    let cache = (this.#cache ??= this.#file.load());
    if (options.distrustCache === true) {
      cache = this.#cache = this.#file.forget(cache);
      this.#last = undefined;
    }
    // Before anything else is: what happens from here on is told to the next scan.
    const beganAt = (place.now ?? Date.now)();
    const quiet = await this.#feed?.quiet.begin();
    const rules = place.ignoredBy?.();
    const restoreIds = (await place.restoring?.()) ?? [];
    const restoring = restoreIds.join(' ');
    const last = this.#last && lastFor(this.#last, restoring);
    const { scan, seen, ignored, believed } = await scanTree({
      ...place,
      cache,
      before: last?.seen ?? new Map(),
      believed: this.#believed(options, last, quiet?.directories),
      expectsLinks: options.byTimes === true,
      ignoredBefore: rules !== undefined && last?.rules === rules ? last.ignored : undefined,
      namesRule:
        this.#device === undefined ? undefined : { device: this.#device, quietSince: beganAt - racyMs },
      made: this.#made,
      include: new IncludedPaths(options.include, place.include),
      fileBytesMax: options.fileBytesMax ?? place.fileBytesMax ?? fileBytesMax,
      bytesMax: place.bytesMax ?? bytesMax,
      isOwn: isRestoreName(restoreIds),
    });
    this.#last = { restoring, beganAt, seen, ignored, rules };
    this.#skipped = scan.uncovered.flatMap((one) =>
      one.directory && one.reason === 'ignored' ? one.path : [],
    );
    if (options.byFeed === true && countOf(scan) >= (place.feedNamesMin ?? feedNamesMin)) this.#openFeed();
    this.#feed?.quiet.end(quiet?.scan ?? 0, seen);
    if (believed.size === 0) return scan;
    return { ...scan, believed: countIn(seen.keys(), believed) };
  }

  async remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void> {
    const cache = this.#cache;
    if (cache === undefined) return;
    const known = trustedOf(objects);
    if (known.size === 0 && this.#skipped.join('\0') === cache.skipped.join('\0')) return;
    for (const [path, one] of known) cache.files.set(path, one);
    cache.skipped = this.#skipped;
    this.#file.save(cache, known);
  }

  close(): void {
    this.#feed?.feed.close();
    this.#feed = undefined;
  }

  #believed(
    options: ScanOptions,
    last: Last | undefined,
    quiet: ReadonlySet<TreePath> | undefined,
  ): ReadonlySet<TreePath> {
    if (options.byTimes === true) return this.#unmoved(last, quiet);
    const isByFeed =
      options.byFeed === true &&
      last !== undefined &&
      quiet !== undefined &&
      this.#scansByFeed < feedScansMax;
    this.#scansByFeed = isByFeed ? this.#scansByFeed + 1 : 0;
    return isByFeed ? quiet : new Set();
  }

  /** Where there is a feed also only those of which it tells nothing: what it tells once is for the scan that comes next. */
  #unmoved(last: Last | undefined, quiet: ReadonlySet<TreePath> | undefined): ReadonlySet<TreePath> {
    if (last === undefined) return new Set();
    const unmoved = unmovedDirectories(this.#place.root, last.seen, last.beganAt - racyMs);
    return this.#feed === undefined
      ? unmoved
      : new Set([...unmoved].filter((path) => quiet?.has(path) === true));
  }

  /** One that does not work here is not tried again. */
  #openFeed(): void {
    if (this.#feed !== undefined) return;
    const feed = ChangeFeed.open(this.#place.root);
    if (feed !== undefined) this.#feed = { feed, quiet: new QuietDirectories(feed, this.#place.now) };
  }
}

function countOf({ runs }: TreeScan): number {
  return runs.reduce((count, run) => count + run.length, 0);
}

function countIn(paths: Iterable<TreePath>, all: ReadonlySet<TreePath>): number {
  let count = 0;
  for (const path of paths) if (all.has(path)) count += 1;
  return count;
}

/** What it says of a directory leaves out the files of the restores of then: it is of no use where there are some. */
function lastFor(last: Last, restoring: string): Last {
  if (last.restoring === restoring) return last;
  const seen = new Map(last.seen);
  for (const [path, { names }] of seen) if (names.includes(restoreNamePrefix)) seen.delete(path);
  return { ...last, seen };
}

function trustedOf(objects: ReadonlyMap<TreePath, KnownObject>): ReadonlyMap<TreePath, CachedFile> {
  const known = new Map<TreePath, CachedFile>();
  for (const [path, { object, stat }] of objects) {
    if (stat instanceof FileStat && !isRacy(stat)) known.set(path, { object, stat, entry: undefined });
  }
  return known;
}
