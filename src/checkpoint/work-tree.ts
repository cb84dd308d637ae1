import type { ModeBits, ObjectId, Run, ScannedEntry, StatSignature, TreePath, Uncovered } from './tree.ts';

/**
 * The project's files. Adapter: the file system. It never follows a link below the root, never leaves the root,
 * and never blocks on a special file.
 */
export interface WorkTree {
  readonly root: string;
  /** Every covered entry, sorted by path, and what is not covered. Reads no file's bytes. */
  scan(options: ScanOptions): Promise<TreeScan>;
  /**
   * A file's bytes as of one instant: opened without following links or blocking, and only when it did not change
   * while it was read. Tries again a few times, then answers why not.
   */
  read(path: TreePath): Promise<ReadFile>;
  /** Writes down which object each file's bytes are, for the next scan. Losing it costs time, never truth. */
  remember(objects: ReadonlyMap<TreePath, KnownObject>): Promise<void>;
  /** What is at each of these paths now, uncovered or not; `absent` when nothing is. Never follows a link. */
  inspect(paths: readonly TreePath[]): Promise<ReadonlyMap<TreePath, Present>>;
  /**
   * New files, as scanned and read since the last scan began, in which no secret was looked for: binary ones, and those
   * that are too big. Missing: nothing is looked for at all.
   */
  unsearched?(): readonly TreePath[];
  /** Ends what it keeps for its scans. May be called twice, and used again afterwards. */
  close?(): void;
}

export interface ScanOptions {
  /** Uncovered (ignored) paths to take in all the same: files, or directories with all that is in them. */
  readonly include: readonly TreePath[];
  /** Read every file again, whatever the cache says. */
  readonly distrustCache?: boolean;
  /**
   * Believes the change feed, where there is one: a directory is not looked at in which nothing has happened since the last
   * scan, as far as it tells. A hint, see docs/decisions/0005: the first such scan starts the feed, and
   * now and then one looks at everything all the same.
   */
  readonly byFeed?: boolean;
  /**
   * Looks only into directories in which names may have come or gone since the last scan, by their own times (ctime, which
   * nobody can set back; one that was young then is looked into). What has changed in a file elsewhere, or in the mode
   * of one, is as the last scan saw it. See docs/decisions/0007.
   */
  readonly byTimes?: boolean;
  /** A file over this many bytes is listed as over-budget; default 50 MB. */
  readonly fileBytesMax?: number;
  /** What is in the store already: a file that is the same is covered, whatever is in it. */
  readonly held?: Held;
}

export interface Held {
  /** Whether a checkpoint holds something at a path, and of a file or link the object. */
  has(path: TreePath): boolean;
  object(path: TreePath): ObjectId | undefined;
  /** An id of the store: it says by which hash files have to be compared. */
  readonly like: ObjectId;
}

export interface TreeScan {
  /** Sorted by path. A run in which nothing has changed is the one of the last scan. */
  readonly runs: readonly Run<ScannedEntry>[];
  readonly uncovered: readonly Uncovered[];
  /** How many directories were not looked at; see `ScanOptions.byFeed`. Left out: none. */
  readonly believed?: number;
}

export type ReadFile =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly mode: ModeBits; readonly stat: StatSignature }
  | { readonly ok: false; readonly reason: 'changing' | 'unreadable' | 'special' | 'secret' | 'gone' };

export interface KnownObject {
  readonly object: ObjectId;
  readonly stat: StatSignature;
}

export type Present =
  | { readonly kind: 'absent' }
  | { readonly kind: 'file'; readonly mode: ModeBits; readonly size: number; readonly stat: StatSignature }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory'; readonly mode: ModeBits }
  | { readonly kind: 'special' };
