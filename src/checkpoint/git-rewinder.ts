import type { CapturedGit } from './user-git.ts';
import type { Contents } from './tree-writer.ts';
import type { MovedRef, RestoredGit } from './restore.ts';
import type { ObjectId } from './tree.ts';

/**
 * Puts the user's repository back: HEAD, the refs that it needs, the index, the operation in progress. Other branches,
 * the stash, config and hooks are left alone. Adapter: git.
 *
 * The order is that of `TreeWriter`: `plan`, `prepare`, `apply`, then `finish` once the commit point is passed, or
 * `rollBack` at any time before it, then `forget`. All of it can be killed at any instant: the journal that `prepare`
 * writes outside the repository is enough for either end. From `prepare` on git's own lock on the index is held.
 */
export interface GitRewinder {
  /** What would change; changes nothing. Null: the project is in no repository, and the checkpoint was in none. */
  plan(wanted: WantedGit): Promise<GitPlan | null>;
  /**
   * Writes the journal, takes the lock, keeps the commits that would be lost under refs, and adds objects that the
   * repository has lost. Waits a few seconds for a lock that another git holds. Throws `restore-blocked`, and `tree-moved`
   * when the repository is not as it was planned; then nothing is left of it.
   */
  prepare(job: RewindJob): Promise<void>;
  /** Moves files, refs and HEAD. Throws `tree-moved` when something is neither old nor new: then call `rollBack`. */
  apply(restoreId: string): Promise<void>;
  /** Gives the lock back and closes the journal; nothing when there is none. May be called again, also after a kill. */
  finish(restoreId: string): Promise<void>;
  /** Takes back what `apply` did, gives the lock back. Answers what it left alone because someone changed it since. */
  rollBack(restoreId: string): Promise<readonly string[]>;
  /** Closes the journal of one that was rolled back; nothing when there is none. */
  forget(restoreId: string): Promise<void>;
  /** The restores whose journals are open. */
  open(): Promise<readonly string[]>;
}

/** What a checkpoint has of the repository. */
export interface WantedGit {
  /** Null: the checkpoint was made in no repository. */
  readonly captured: CapturedGit | null;
  /** Refs to bring back besides those that HEAD and the operation need: those that the restore moved which is undone. */
  readonly refs: readonly string[];
}

export interface RewindJob {
  readonly restoreId: string;
  readonly wanted: WantedGit;
  readonly plan: GitPlan;
  /** The bytes of objects of the plan's `missing`. */
  readonly contents: Contents;
}

export interface GitPlan {
  readonly head: RestoredGit['head'];
  readonly refs: readonly Omit<MovedRef, 'keptAs'>[];
  /** Commits that nothing else would lead to: a ref's, or those of a HEAD on no branch. `commits`: how many. */
  readonly losing: readonly { readonly name: string; readonly object: ObjectId; readonly commits: number }[];
  readonly index: boolean;
  /** Files of git's that change, from its directory: `MERGE_HEAD`, `rebase-merge/todo` … */
  readonly files: readonly string[];
  readonly operation: RestoredGit['operation'];
  /** Files that the index names and that the repository does not have any more. */
  readonly missing: readonly ObjectId[];
  /** Why it cannot be done; empty when it can. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Equal for two plans exactly when they do the same to the same state. */
  readonly digest: string;
}

/** Whether a plan changes anything. */
export function changesGit({ head, refs, index, files }: GitPlan): boolean {
  return head.from !== head.to || refs.length > 0 || index || files.length > 0;
}

/** The ref under which a restore keeps the commits that a ref led to. */
export function keptRef(restoreId: string, name: string): string {
  return `refs/codeframe/kept/${restoreId}/${name.replace(/^refs\//, '')}`;
}

/** What the ledger says of a plan that was carried out. */
export function restoredGit(restoreId: string, plan: GitPlan): RestoredGit {
  const losing = new Set(plan.losing.map(({ name }) => name));
  const keptAs = (name: string): string | null => (losing.has(name) ? keptRef(restoreId, name) : null);
  const { head, index, operation } = plan;
  const moved = plan.refs.map((ref) => ({ ...ref, keptAs: keptAs(ref.name) }));
  // A HEAD on no branch is no ref that moves, but what it led to is kept all the same.
  const detached = losing.has('HEAD')
    ? [{ name: 'HEAD', from: head.from, to: null, keptAs: keptAs('HEAD') }]
    : [];
  return { head, refs: [...moved, ...detached], index, operation };
}
