import { join } from 'node:path';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { KnownObject, ScanOptions, TreeScan, WorkTree } from '../../checkpoint/work-tree.ts';
import { inspectPaths } from './inspect.ts';
import { readTreeFile } from './read-file.ts';
import { scanTree, type Ignored } from './scan-tree.ts';
import {
  cachedFile,
  emptyCache,
  isRacy,
  loadCache,
  saveCache,
  type CachedFile,
  type StatCache,
} from './stat-cache.ts';

export interface WorkTreePlace {
  /** Absolute, links resolved. */
  readonly root: string;
  /** Where the scan cache is kept: outside the project. */
  readonly dataDir: string;
  readonly ignored: Ignored;
  /** Wall time in ms; the machine's when left out. */
  readonly now?: () => number;
}

/** 50 MB: over it a file is listed and not captured. */
const fileBytesMax = 50 * 1024 * 1024;

/** The project's files on this machine's file system. */
export function openWorkTree(place: WorkTreePlace): WorkTree {
  const cachePath = join(place.dataDir, 'stat-cache');
  let cache: StatCache | undefined;
  let scanned: { readonly scan: TreeScan; readonly atNs: bigint } | undefined;

  return {
    root: place.root,
    async scan(options: ScanOptions): Promise<TreeScan> {
      cache ??= loadCache(cachePath);
      const atNs = BigInt((place.now ?? Date.now)()) * 1_000_000n;
      const scan = await scanTree({
        ...place,
        cache: options.distrustCache === true ? { ...emptyCache, skipped: cache.skipped } : cache,
        include: options.include,
        fileBytesMax: options.fileBytesMax ?? fileBytesMax,
      });
      scanned = { scan, atNs };
      return scan;
    },
    read: (path) => readTreeFile(place.root, path),
    async remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void> {
      if (scanned === undefined) return;
      cache = rememberedCache(scanned.scan, objects, scanned.atNs);
      saveCache(cachePath, cache);
    },
    async inspect(paths) {
      return inspectPaths(place.root, paths);
    },
  };
}

function rememberedCache(
  scan: TreeScan,
  objects: ReadonlyMap<TreePath, KnownObject>,
  scannedAtNs: bigint,
): StatCache {
  const files = new Map<TreePath, CachedFile>();
  for (const entry of scan.entries) {
    if (entry.kind !== 'file') continue;
    const known = objects.get(entry.path);
    const object = known?.object ?? entry.object;
    if (object === undefined) continue;
    const file = cachedFile(object, known?.stat ?? entry.stat);
    if (!isRacy(file, scannedAtNs)) files.set(entry.path, file);
  }
  const skipped = scan.uncovered.filter((entry) => entry.directory && entry.reason === 'ignored');
  return { files, skipped: skipped.map((entry) => entry.path) };
}
