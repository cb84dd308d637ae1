import { join } from 'node:path';
import { isRestoreName, type TreePath } from '../../checkpoint/tree.ts';
import type { KnownObject, ScanOptions, TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { IncludedPaths } from './included-paths.ts';
import { inspectPaths } from './inspect.ts';
import { readTreeFile } from './read-file.ts';
import type { SeenDirectory } from './listing.ts';
import { scanTree, type Ignored } from './scan-tree.ts';
import { FileStat } from './file-stat.ts';
import { isRacy, type CachedFile, type StatCache } from './stat-cache.ts';
import { StatCacheFile } from './stat-cache-file.ts';

export interface WorkTreePlace {
  /** Absolute, links resolved. */
  readonly root: string;
  /** Where the scan cache is kept: outside the project. */
  readonly dataDir: string;
  readonly ignored: Ignored;
  /** Ignored paths that are covered all the same, in every scan, as people write them; see `IncludedPaths`. */
  readonly include?: readonly string[];
  /** A file over this many bytes is listed and not captured; 50 MB when left out. */
  readonly fileBytesMax?: number | undefined;
  /** Of more bytes than this the largest files are listed and not captured; 2 GB when left out. */
  readonly bytesMax?: number | undefined;
  /** The restores whose own files may be in the tree; none when left out. */
  readonly restoring?: () => Promise<readonly string[]>;
  /** Wall time in ms; the machine's when left out. */
  readonly now?: () => number;
}

const fileBytesMax = 50 * 1024 * 1024;
const bytesMax = 2 * 1024 * 1024 * 1024;

/** The project's files on this machine's file system. */
export function openWorkTree(place: WorkTreePlace): WorkTree {
  const file = new StatCacheFile(join(place.dataDir, 'stat-cache'));
  let cache: StatCache | undefined;
  let skipped: readonly TreePath[] = [];
  let last: { readonly restoring: string; readonly seen: ReadonlyMap<TreePath, SeenDirectory> } | undefined;

  return {
    root: place.root,
    async scan(options: ScanOptions): Promise<TreeScan> {
      cache ??= file.load();
      if (options.distrustCache === true) {
        cache = file.forget(cache);
        last = undefined;
      }
      const restoreIds = (await place.restoring?.()) ?? [];
      const restoring = restoreIds.join(' ');
      const { scan, seen } = await scanTree({
        ...place,
        cache,
        // What it says of a directory leaves out the files of these restores.
        before: last?.restoring === restoring ? last.seen : new Map(),
        include: new IncludedPaths(options.include, place.include),
        fileBytesMax: options.fileBytesMax ?? place.fileBytesMax ?? fileBytesMax,
        bytesMax: place.bytesMax ?? bytesMax,
        isOwn: isRestoreName(restoreIds),
      });
      last = { restoring, seen };
      skipped = scan.uncovered.flatMap((one) => (one.directory && one.reason === 'ignored' ? one.path : []));
      return scan;
    },
    read: (path) => readTreeFile(place.root, path, place.now),
    async remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void> {
      if (cache === undefined) return;
      const known = trustedOf(objects);
      if (known.size === 0 && skipped.join('\0') === cache.skipped.join('\0')) return;
      for (const [path, one] of known) cache.files.set(path, one);
      cache.skipped = skipped;
      file.save(cache, known);
    },
    async inspect(paths) {
      return inspectPaths(place.root, paths);
    },
  };
}

function trustedOf(objects: ReadonlyMap<TreePath, KnownObject>): ReadonlyMap<TreePath, CachedFile> {
  const known = new Map<TreePath, CachedFile>();
  for (const [path, { object, stat }] of objects) {
    if (stat instanceof FileStat && !isRacy(stat)) known.set(path, { object, stat });
  }
  return known;
}
