import type { FileWriter } from '../failure.ts';
import type { ModeBits, ObjectId, StatSignature, TreePath } from './tree.ts';

/**
 * Changes the project's files by a plan, all of it or nothing. Adapter: the file system.
 *
 * The order is `check`, `prepare`, `apply`, then, once the commit point is passed, `finish`; `rollBack` at any time before it.
 * All of it can be killed at any instant: the journal that `prepare` writes outside the project is enough for either
 * end. It never leaves the root, never goes through a link, and never overwrites what the plan has not seen.
 */
export interface TreeWriter {
  /** Finds out what would fail half way; changes nothing. Throws `restore-blocked` (permissions, listed), `no-space`. */
  check(operations: readonly TreeOperation[]): Promise<void>;
  /**
   * Checks, writes the journal, and stages every new file beside its target, synced. No path of the plan is touched.
   * When it throws, nothing is left of it.
   */
  prepare(job: WriteJob, contents: Contents, onProgress?: Counted): Promise<void>;
  /**
   * Carries out the operations in their order, each checked against what is there now; what is replaced or deleted is
   * moved aside. Directory modes wait for `finish`. Throws `tree-moved` when something is not as the plan saw it, or
   * whatever else went wrong: then call `rollBack`. When it resolves, the changes are synced. It stops, and leaves
   * nothing behind, when another process closes the journal meanwhile.
   */
  apply(restoreId: string, onProgress?: Counted): Promise<void>;
  /**
   * After the commit point: takes away what was moved aside, sets the modes of directories, closes the journal.
   * May be called again, also after a kill. Answers the paths that it left alone because someone changed them since.
   */
  finish(restoreId: string, onProgress?: Counted): Promise<readonly TreePath[]>;
  /**
   * Takes back what `apply` did, as far as it came, and removes what was staged; keeps the journal, see `forget`.
   * May be called again, also after a kill. Answers the paths that it left alone because someone changed them since.
   */
  rollBack(restoreId: string): Promise<readonly TreePath[]>;
  /** Closes the journal of a restore that was rolled back; nothing when there is none. */
  forget(restoreId: string): Promise<void>;
  /** The restores whose journals are open. */
  open(): Promise<readonly string[]>;
  /**
   * The processes that have one of these files open to write; paths as `showPath` gives them. Those of other users are not
   * seen, nor who opens a file for a moment only; empty where the system does not tell.
   */
  writersOf(paths: readonly string[]): Promise<readonly FileWriter[]>;
}

/** Told now and then how many of how many are done. */
export type Counted = (done: number, total: number) => void;

export interface WriteJob {
  readonly restoreId: string;
  readonly operations: readonly TreeOperation[];
}

/** Bytes of objects, each named once, in the order asked for. */
export type Contents = (
  ids: readonly ObjectId[],
) => AsyncIterable<{ readonly object: ObjectId; readonly bytes: Uint8Array }>;

/** What the plan saw at a path. */
export type Before =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly mode: ModeBits;
      readonly object: ObjectId;
      readonly stat: StatSignature;
    }
  | { readonly kind: 'link'; readonly target: string };

/** `home`: the nearest directory above that is there before and after; staged and moved-aside files lie in it. */
export type TreeOperation =
  | {
      readonly kind: 'put-file';
      readonly path: TreePath;
      readonly home: TreePath;
      readonly before: Before;
      readonly mode: ModeBits;
      readonly object: ObjectId;
      readonly size: number;
    }
  | {
      readonly kind: 'put-link';
      readonly path: TreePath;
      readonly home: TreePath;
      readonly before: Before;
      readonly target: string;
    }
  | {
      readonly kind: 'remove';
      readonly path: TreePath;
      readonly home: TreePath;
      readonly before: Exclude<Before, { kind: 'absent' }>;
    }
  | { readonly kind: 'make-directory'; readonly path: TreePath; readonly mode: ModeBits }
  /** It is empty by then. */
  | {
      readonly kind: 'remove-directory';
      readonly path: TreePath;
      readonly home: TreePath;
      readonly mode: ModeBits;
    }
  | {
      readonly kind: 'set-mode';
      readonly path: TreePath;
      readonly before: Extract<Before, { kind: 'file' }>;
      readonly mode: ModeBits;
    }
  | {
      readonly kind: 'set-directory-mode';
      readonly path: TreePath;
      readonly before: ModeBits;
      readonly mode: ModeBits;
    };
