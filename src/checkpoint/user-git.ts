import type { ObjectId, TreePath } from './tree.ts';

/** The user's own repository around the project, read only but for one ref a checkpoint (C3). */
export interface UserGit {
  /**
   * What a checkpoint keeps of it: `git/HEAD`, `git/index` (bytes), `git/refs.ndjson`, the files of an operation in
   * progress … Null when the project is in no repository. Takes no lock, runs no hook, filter or other program of the user's.
   */
  capture(): Promise<CapturedGit | null>;
  /**
   * Keeps the commits alive that the checkpoint needs: HEAD's under `refs/codeframe/<checkpointId>`, those that an operation in
   * progress works with under `refs/codeframe/<checkpointId>-1`, `-2` … Nothing when there is no commit.
   */
  keep(checkpointId: string, captured: CapturedGit): Promise<void>;
  /** Removes these refs; nothing when they are not there. */
  release(checkpointId: string): Promise<void>;
  /** The refs under which restores keep commits that they took away; see `keptRef`. Empty without git. */
  keptRefs(): Promise<readonly KeptRef[]>;
  /** Removes these of them, each only while it is as listed. */
  releaseKept(refs: readonly KeptRef[]): Promise<void>;
  /**
   * The ignored paths below the project (a directory stands for all in it), tracked ones left out. With `nested`: only
   * those that the repositories at these paths ignore by their own rules. Empty without git.
   */
  ignored(nested?: readonly TreePath[]): Promise<readonly TreePath[]>;
  /**
   * What its answer for the project hangs on besides the names and `.gitignore` files there: the index, the user's own
   * rules. The same text, the same answer; undefined: it has to be asked.
   */
  ignoredBy(): string | undefined;
  /** The paths below the project that its index has, or with `nested` those in the indexes of the repositories there. Empty without git. */
  tracked(nested?: readonly TreePath[]): Promise<readonly TreePath[]>;
}

export interface KeptRef {
  readonly name: string;
  readonly restoreId: string;
  readonly object: ObjectId;
  /** Whether a ref of the user's, the stash among them, or a HEAD leads there too. */
  readonly isElsewhere: boolean;
}

export interface CapturedGit {
  readonly head: string | null;
  readonly branch: string | null;
  /** `merge`, `rebase`, `cherry-pick` … */
  readonly operation: string | null;
  readonly parts: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /**
   * What is in the index and neither in HEAD nor, for sure, in the working tree, as `staged/blobs/<object>`: git would collect
   * it once it is staged no more. Left out: none.
   */
  readonly staged?: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** What is not among them for its size: paths in the repository, as `showPath` shows them, and bytes. Left out: none. */
  readonly unkept?: readonly { readonly path: string; readonly size: number }[];
}
