import type { TreePath } from './tree.ts';

/** The user's own repository around the project, read only but for one ref a checkpoint (C3). */
export interface UserGit {
  /**
   * What a checkpoint keeps of it: `git/HEAD`, `git/index` (bytes), `git/refs.ndjson`, the files of an operation in
   * progress … Null when the project is in no repository. Takes no lock, runs no hook, filter or other program of the user's.
   */
  capture(): Promise<CapturedGit | null>;
  /** Keeps the commits alive that the checkpoint needs, under `refs/codeframe/<checkpointId>`. Nothing when there is no commit. */
  keep(checkpointId: string): Promise<void>;
  /** Removes that ref; nothing when it is not there. */
  release(checkpointId: string): Promise<void>;
  /**
   * The ignored paths below the project (a directory stands for all in it), tracked ones left out. With `nested`: only
   * those that the repositories at these paths ignore by their own rules. Empty without git.
   */
  ignored(nested?: readonly TreePath[]): Promise<readonly TreePath[]>;
  /** The paths below the project that its index has, or with `nested` those in the indexes of the repositories there. Empty without git. */
  tracked(nested?: readonly TreePath[]): Promise<readonly TreePath[]>;
}

export interface CapturedGit {
  readonly head: string | null;
  readonly branch: string | null;
  /** `merge`, `rebase`, `cherry-pick` … */
  readonly operation: string | null;
  readonly parts: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}
