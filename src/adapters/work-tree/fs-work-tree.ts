import { join } from 'node:path';
import { isRestoreName, type ScannedEntry, type TreePath } from '../../checkpoint/tree.ts';
import type { KnownObject, ScanOptions, TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { inspectPaths } from './inspect.ts';
import { readTreeFile } from './read-file.ts';
import { scanTree, type Ignored } from './scan-tree.ts';
import { FileStat } from './file-stat.ts';
import { emptyCache, isRacy, loadCache, saveCache, type CachedFile, type StatCache } from './stat-cache.ts';

export interface WorkTreePlace {
  /** Absolute, links resolved. */
  readonly root: string;
  /** Where the scan cache is kept: outside the project. */
  readonly dataDir: string;
  readonly ignored: Ignored;
  /** Ignored paths that are covered all the same, in every scan. */
  readonly include?: readonly TreePath[];
  /** The restores whose own files may be in the tree; none when left out. */
  readonly restoring?: () => Promise<readonly string[]>;
  /** Wall time in ms; the machine's when left out. */
  readonly now?: () => number;
}

/** 50 MB: over it a file is listed and not captured. */
const fileBytesMax = 50 * 1024 * 1024;

/** The project's files on this machine's file system. */
export function openWorkTree(place: WorkTreePlace): WorkTree {
  const cachePath = join(place.dataDir, 'stat-cache');
  let cache: StatCache | undefined;
  let scanned: TreeScan | undefined;

  return {
    root: place.root,
    async scan(options: ScanOptions): Promise<TreeScan> {
      cache ??= loadCache(cachePath);
      scanned = await scanTree({
        ...place,
        cache: options.distrustCache === true ? { ...emptyCache(), skipped: cache.skipped } : cache,
        include: [...(place.include ?? []), ...options.include],
        fileBytesMax: options.fileBytesMax ?? fileBytesMax,
        isOwn: isRestoreName((await place.restoring?.()) ?? []),
      });
      return scanned;
    },
    read: (path) => readTreeFile(place.root, path, place.now),
    async remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void> {
      if (scanned === undefined || cache === undefined) return;
      const remembered = rememberedCache(scanned, objects);
      if (isSameCache(cache, remembered)) return;
      cache = remembered;
      saveCache(cachePath, cache);
    },
    async inspect(paths) {
      return inspectPaths(place.root, paths);
    },
  };
}

/** What the scan knew, and of these objects what may be trusted. */
function rememberedCache(scan: TreeScan, objects: ReadonlyMap<TreePath, KnownObject>): StatCache {
  const files = new Map<TreePath, CachedFile>();
  for (const entry of scan.entries) {
    if (entry.kind !== 'file') continue;
    const file = entry.object === undefined ? trusted(objects.get(entry.path)) : knownFile(entry);
    if (file !== undefined) files.set(entry.path, file);
  }
  const skipped = scan.uncovered.filter((entry) => entry.directory && entry.reason === 'ignored');
  return { files, skipped: skipped.map((entry) => entry.path) };
}

function trusted(known: KnownObject | undefined): CachedFile | undefined {
  if (known === undefined || !(known.stat instanceof FileStat) || isRacy(known.stat)) return undefined;
  return { object: known.object, stat: known.stat };
}

function knownFile(entry: Extract<ScannedEntry, { kind: 'file' }>): CachedFile | undefined {
  const { object, stat } = entry;
  return object !== undefined && stat instanceof FileStat ? { object, stat } : undefined;
}

function isSameCache(a: StatCache, b: StatCache): boolean {
  if (a.files.size !== b.files.size || a.skipped.join('\0') !== b.skipped.join('\0')) return false;
  for (const [path, file] of b.files) if (a.files.get(path)?.stat !== file.stat) return false;
  return true;
}
