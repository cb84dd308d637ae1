import type { CapturedGit } from '../checkpoint/user-git.ts';
import type { TreePath } from '../checkpoint/tree.ts';
import type { Contents } from '../checkpoint/tree-writer.ts';

/** The git worktree of an agent. The row goes back with a restore, and with it the worktree (`fromId`). */
export interface WorktreeRow {
  readonly agent: string;
  /** Its directory among the worktrees. */
  readonly name: string;
  /** Without `refs/heads/`. */
  readonly branch: string;
  /** After a restore: the checkpoint whose HEAD, branch and index are to be put in place before the agent works again. */
  readonly fromId: string | null;
}

/** Where the agents' worktrees stand among the paths of a checkpoint; on disk they are in the project's data. */
export const worktreesPath: TreePath = '.codeframe/worktrees';

/** What git knows of a worktree, for a checkpoint. */
export interface CapturedWorktree {
  readonly git: CapturedGit;
  /** A git bundle of the commits that the project's HEAD does not lead to; null when there are none. */
  readonly commits: Uint8Array | null;
}

/** The agents' worktrees. Adapter: git. Each is used by one at a time: its agent, or the project's owner while that rests. */
export interface AgentWorktrees {
  /** Throws `cannot-isolate` where the project can have none. Changes nothing. */
  check(): Promise<void>;
  /** Its directory, absolute. */
  dirOf(tree: Pick<WorktreeRow, 'name'>): string;
  /** The names of those that are on disk. */
  names(): Promise<readonly string[]>;
  /** A name and a branch that nothing has yet. Makes nothing. */
  choose(agent: string): Promise<Pick<WorktreeRow, 'name' | 'branch'>>;
  /**
   * Makes it ready for use: made at its branch, or at the project's HEAD on a new branch; linked to the repository again when
   * that was lost, its files as they are; what was cut is ended. `saved`: then HEAD, branch and index become as a checkpoint has
   * them; what would be lost is kept under a ref. May be called again, also after a kill.
   */
  open(
    tree: WorktreeRow,
    saved: { readonly captured: CapturedWorktree; readonly contents: Contents; readonly id: string } | null,
  ): Promise<void>;
  /** Brings one that has nothing of its own to the project's commit; leaves any other as it is. */
  refresh(tree: WorktreeRow): Promise<void>;
  /** Null when there is none on disk. Changes nothing. */
  capture(tree: WorktreeRow): Promise<CapturedWorktree | null>;
  /** Keeps the commits alive that a checkpoint needs of it; `UserGit.release` lets them go. */
  keep(tree: WorktreeRow, checkpointId: string, captured: CapturedWorktree): Promise<void>;
  /** What is in it that the project's branch does not have; null when it is not on disk. */
  state(tree: Pick<WorktreeRow, 'name'>): Promise<WorktreeState | null>;
  /** Commits all that is in it on what it has checked out; nothing when nothing changed. */
  commit(tree: WorktreeRow, by: { readonly agent: string; readonly message: string }): Promise<void>;
  /** Merges its commits with the project's, in git's objects only: no file, ref or index changes. */
  merge(tree: WorktreeRow, by: { readonly agent: string; readonly message: string }): Promise<Merge>;
  /** Those of the paths that are not as the project's HEAD has them, in the index or on disk. */
  unclean(paths: readonly TreePath[]): Promise<readonly TreePath[]>;
}

export interface WorktreeState {
  /** `merge`, `rebase` …; null: none. */
  readonly operation: string | null;
  /** Paths with conflicts that are not solved. */
  readonly unsolved: readonly TreePath[];
  /** New files that git does not track yet. */
  readonly untracked: readonly TreePath[];
  readonly changed: number;
  /** Commits that the project's HEAD does not have. */
  readonly commits: number;
}

/** What came of a merge in git's objects. */
export type Merge =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'conflict'; readonly into: string; readonly paths: readonly TreePath[] }
  | { readonly kind: 'impossible'; readonly problem: string }
  | {
      readonly kind: 'merged';
      /** The branch that the project is on. */
      readonly into: string;
      readonly commit: string;
      readonly files: readonly MergedFile[];
      /** The repository that was merged with: who changes it meanwhile is not overwritten. */
      readonly from: CapturedGit;
      /** The repository as it is to be: the branch at the merge, the index with its files. */
      readonly wanted: CapturedGit;
    };

/** A file in which the merge differs from the project's commit. */
export type MergedFile =
  | { readonly path: TreePath; readonly kind: 'gone' }
  | { readonly path: TreePath; readonly kind: 'link'; readonly target: string }
  | { readonly path: TreePath; readonly kind: 'file'; readonly mode: number; readonly bytes: Uint8Array };

/** What became of a merge that a person asked for. */
export interface AgentMerge {
  readonly agent: string;
  readonly branch: string;
  /** False: the project had all of it. */
  readonly merged: boolean;
  readonly into: string | null;
  readonly commit: string | null;
  readonly files: number;
}
