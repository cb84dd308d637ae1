/**
 * A path below the project's directory, `/` between its parts, one character for each byte (latin1), so that every
 * name that a file system can hold is kept as it is. `showPath` makes it readable.
 */
export type TreePath = string;

/** Sorts as checkpoints list paths; no two are alike. */
export function byPath(a: { readonly path: TreePath }, b: { readonly path: TreePath }): number {
  return a.path < b.path ? -1 : 1;
}

/** The name of stored bytes: git's object id, in hexadecimal. */
export type ObjectId = string;

/** Permission bits, 0 to 0o7777. */
export type ModeBits = number;

/**
 * How the names of a restore's own files start, those staged and those moved aside: `<prefix><restoreId>-<n>.new|.old`.
 * They are there only while one runs or was killed. No scan lists those of a restore whose journal is open, covered or
 * uncovered, and recovery takes them away. Whatever else is called so is a file like any other.
 */
export const restoreNamePrefix = '.codeframe-restore-';

/** Tells the names of the files that these restores have beside their targets. */
export function isRestoreName(restoreIds: readonly string[]): (name: string) => boolean {
  const prefixes = restoreIds.map((id) => `${restoreNamePrefix}${id}-`);
  return (name) => prefixes.some((prefix) => name.startsWith(prefix));
}

/** What the file system says of a file; equal signatures that are not racy mean equal bytes. Times in ms, with fractions. */
export interface StatSignature {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  readonly device: number;
}

/**
 * Some entries that follow each other in the order of their paths, never none. Never changed once it is given to others:
 * where nothing in it is different the very same array is given again, so that who compares two trees of 100,000 entries is
 * soon done.
 */
export type Run<Entry> = readonly Entry[];

/** All entries of runs that follow each other. */
export function entriesOf<Entry>(runs: Iterable<Run<Entry>>): Entry[] {
  const entries: Entry[] = [];
  for (const run of runs) for (const entry of run) entries.push(entry);
  return entries;
}

/** Runs without some of their entries: those in which none of them is are the same arrays. */
export function runsWithout<Entry>(
  runs: readonly Run<Entry>[],
  isOut: (entry: Entry) => boolean,
): Run<Entry>[] {
  const left = runs.map((run) => (run.some(isOut) ? run.filter((entry) => !isOut(entry)) : run));
  return left.filter((run) => run.length > 0);
}

/** Something in the working tree that a checkpoint holds. */
export type ScannedEntry =
  | {
      readonly kind: 'file';
      readonly path: TreePath;
      readonly mode: ModeBits;
      readonly stat: StatSignature;
      readonly size: number;
      /** Known from the scan cache: the bytes are those of this object; undefined: they have to be read. */
      readonly object: ObjectId | undefined;
    }
  | {
      readonly kind: 'link';
      readonly path: TreePath;
      /** As stored in the link, one character a byte. */ readonly target: string;
    }
  /** Every directory below the root; `empty` when nothing in it is covered. */
  | { readonly kind: 'directory'; readonly path: TreePath; readonly mode: ModeBits; readonly empty: boolean };

/** Something that a checkpoint does not hold, and why. A directory stands for all that is in it. */
export interface Uncovered {
  readonly path: TreePath;
  readonly reason: UncoveredReason;
  readonly directory: boolean;
  /** Bytes, where known. */
  readonly size?: number;
}

export type UncoveredReason =
  | 'ignored'
  | 'over-budget'
  | 'special'
  | 'unreadable'
  | 'changing'
  | 'git-internal'
  | 'secret';

/** What a checkpoint holds of the working tree. Sorted by path. */
export type CodeEntry =
  | {
      readonly kind: 'file';
      readonly path: TreePath;
      readonly mode: ModeBits;
      readonly object: ObjectId;
      readonly size: number;
    }
  | { readonly kind: 'link'; readonly path: TreePath; readonly object: ObjectId; readonly target: string }
  | { readonly kind: 'directory'; readonly path: TreePath; readonly mode: ModeBits; readonly empty: boolean };

/** For people and JSON: the name as UTF-8 where it is, bytes and control characters that are not as `\xNN`. */
export function showPath(path: TreePath): string {
  const bytes = Buffer.from(path, 'latin1');
  const text = bytes.toString('utf8');
  const exact = Buffer.from(text, 'utf8').equals(bytes);
  const source = exact ? text : path;
  return source.replace(
    exact ? /[\u0000-\u001f\u007f\\]/gu : /[\u0000-\u001f\u007f-\u00ff\\]/gu,
    (character) =>
      character === '\\' ? '\\\\' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

export function treePath(name: string): TreePath {
  return Buffer.from(name, 'utf8').toString('latin1');
}
