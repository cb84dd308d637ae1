import type { ObjectId, ScannedEntry, TreePath } from '../../checkpoint/tree.ts';
import type { FileStat } from './file-stat.ts';
import type { KnownDirectory } from './known-directory.ts';
import { parentPath } from './raw-path.ts';

/** Which object a file's bytes are, as long as its signature is this one. */
export interface CachedFile {
  readonly object: ObjectId;
  /** Of equal ones the one that was seen last, whose numbers are kept anyway. */
  stat: FileStat;
  /** What the last scan made of it: the next one gives the same again, so that who compares two scans is soon done. */
  entry: Extract<ScannedEntry, { kind: 'file' }> | undefined;
}

/**
 * What is known of a path may be old: a signature that fits stands for the bytes whenever it was written down, so nothing
 * has to be taken away.
 */
export interface StatCache {
  /** What became known in this process. */
  readonly files: Map<TreePath, CachedFile>;
  /** What other processes wrote down. */
  readonly directories: ReadonlyMap<TreePath, KnownDirectory>;
  /** The uncovered directories of the last scan: where the next one need not hurry to look. A hint only. */
  skipped: readonly TreePath[];
}

export function emptyCache(): StatCache {
  return { files: new Map(), directories: new Map(), skipped: [] };
}

/** What is known of a file with this signature. */
export function knownFile(cache: StatCache, path: TreePath, stat: FileStat): CachedFile | undefined {
  const above = parentPath(path);
  const name = above === '' ? path : path.slice(above.length + 1);
  return knownIn(cache, above)({ path, name }, stat);
}

export type KnownFiles = (
  file: { readonly path: TreePath; readonly name: string },
  stat: FileStat,
) => CachedFile | undefined;

/** The same for the files of one directory: quickly when they are asked for in the order of their names. */
export function knownIn({ files, directories }: StatCache, directory: TreePath): KnownFiles {
  const written = directories.get(directory);
  return ({ path, name }, stat) => {
    const known = files.size === 0 ? undefined : files.get(path);
    if (known?.stat.isOf(stat) !== true) return written?.find(name, stat);
    known.stat = stat;
    return known;
  };
}

/**
 * How long before it was read a file must have been left alone, by its own times, for its signature to be trusted by a
 * later scan. A write changes ctime, but file systems count in ticks: 10 ms at most on Linux's own, 2 s on FAT. A file
 * that was read in the tick of its last write can be written again without a trace; one older than a tick cannot.
 */
export const racyMs = 2_000;

/** True also for what was not read by this process: nobody knows when its bytes were those. */
export function isRacy(stat: FileStat): boolean {
  const youngest = Math.max(stat.mtimeMs, stat.ctimeMs);
  return stat.readAt === undefined || youngest >= stat.readAt - racyMs;
}
