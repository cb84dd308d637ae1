import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { markerVariable } from '../../agent/processes.ts';
import type {
  AgentWorktrees,
  CapturedWorktree,
  Merge,
  WorktreeRow,
  WorktreeState,
} from '../../agent/worktree.ts';
import { changesGit } from '../../checkpoint/git-rewinder.ts';
import type { TreePath } from '../../checkpoint/tree.ts';
import { CodeframeError, isFailure } from '../../failure.ts';
import { captureGit } from './capture-git.ts';
import { FileGitRewinder } from './file-git-rewinder.ts';
import { findRepository, type UserRepository } from './find-repository.ts';
import { keepCommits } from './keep-commits.ts';
import { makeWorktree, type WorktreePlaces } from './make-worktree.ts';
import { mergeCommit } from './merge-branch.ts';
import { dropRefresh, refreshWorktree } from './refresh-worktree.ts';
import { StagedBlobs } from './staged-blobs.ts';
import {
  author,
  git,
  headOf,
  leadsTo,
  line,
  paths,
  projectRepository,
  worktreeRepository,
} from './worktree-git.ts';

export interface WorktreesOptions extends WorktreePlaces {
  /** Where the journals of what is put back are, a directory a worktree. */
  readonly journalDir: string;
}

/** Linked worktrees of the project's repository, outside the project. */
export class GitAgentWorktrees implements AgentWorktrees {
  readonly #options: WorktreesOptions;
  readonly #staged = new Map<string, StagedBlobs>();

  constructor(options: WorktreesOptions) {
    this.#options = options;
  }

  async check(): Promise<void> {
    const problem = await this.#problem(projectRepository(this.#options.root));
    if (problem !== null) throw new CodeframeError({ code: 'cannot-isolate', problem });
  }

  dirOf({ name }: Pick<WorktreeRow, 'name'>): string {
    return join(this.#options.dir, name);
  }

  async names(): Promise<readonly string[]> {
    return existsSync(this.#options.dir) ? readdirSync(this.#options.dir).toSorted() : [];
  }

  async choose(agent: string): Promise<Pick<WorktreeRow, 'name' | 'branch'>> {
    const project = projectRepository(this.#options.root);
    // What a branch may be called is narrower than what an agent may.
    const plain = agent.replaceAll('.', '-');
    for (let count = 1; ; count++) {
      const name = count === 1 ? plain : `${plain}-${count}`;
      const branch = `codeframe/${name}`;
      const known = await line(project, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`]);
      if (known === null && !existsSync(this.dirOf({ name }))) return { name, branch };
    }
  }

  async open(tree: WorktreeRow, saved: Parameters<AgentWorktrees['open']>[1]): Promise<void> {
    if (saved === null) {
      await this.#endCut(tree);
      await makeWorktree(this.#options, tree, null);
      return;
    }
    const { captured } = saved;
    await this.#endCut(tree);
    await this.#bringCommits(tree, captured);
    const linked = this.#find(tree);
    // Its files are those of the restore by now: what was begun before must not end on them.
    if (linked !== null) dropRefresh(linked);
    await makeWorktree(this.#options, tree, captured.git.head);
    await this.#rewind(tree, saved);
  }

  async refresh(tree: WorktreeRow): Promise<void> {
    const commit = await headOf(projectRepository(this.#options.root));
    const { marker } = this.#options;
    await refreshWorktree(this.#linked(tree), { branch: tree.branch, commit, marker });
  }

  async capture(tree: WorktreeRow): Promise<CapturedWorktree | null> {
    const linked = this.#find(tree);
    if (linked === null) return null;
    const captured = await captureGit(linked);
    const staged = this.#staged.get(tree.name) ?? new StagedBlobs();
    this.#staged.set(tree.name, staged);
    const { parts, unkept } = await staged.read(linked, captured.head);
    return {
      git: { ...captured, staged: parts, unkept },
      commits: await this.#bundle(linked, captured.head),
    };
  }

  async keep(tree: WorktreeRow, checkpointId: string, { git: captured }: CapturedWorktree): Promise<void> {
    const repository = findRepository(this.#options.root);
    if (repository !== null) await keepCommits(repository, `${checkpointId}-${tree.name}`, captured);
  }

  async state(tree: Pick<WorktreeRow, 'name'>): Promise<WorktreeState | null> {
    const linked = this.#find(tree);
    if (linked === null) return null;
    const head = await headOf(projectRepository(this.#options.root));
    const status = await git(linked, [
      'status',
      '--porcelain',
      '-z',
      '--no-renames',
      '--untracked-files=all',
    ]);
    const entries = paths(status);
    const ahead = await git(linked, ['rev-list', '--count', 'HEAD', ...(head === null ? [] : [`^${head}`])]);
    return {
      operation: (await captureGit(linked)).operation,
      unsolved: entries.filter((entry) => /^(?:DD|AU|UD|UA|DU|AA|UU) /.test(entry)).map(pathOf),
      untracked: entries.filter((entry) => entry.startsWith('?? ')).map(pathOf),
      changed: entries.length,
      commits: Number(ahead.stdout.toString('latin1').trim()),
    };
  }

  async commit(tree: WorktreeRow, by: { readonly agent: string; readonly message: string }): Promise<void> {
    const linked = this.#linked(tree);
    const env = { [markerVariable]: this.#options.marker };
    await git(linked, ['add', '--all'], { env });
    const isStaged = await git(linked, ['diff', '--cached', '--quiet', '--no-ext-diff'], { codes: [0, 1] });
    const isMerging = (await captureGit(linked)).operation === 'merge';
    if (isStaged.code === 0 && !isMerging) return;
    // No signature that somebody is asked for, and no clean-up of the repository behind our back.
    const settings = ['-c', 'commit.gpgSign=false', '-c', 'gc.auto=0', '-c', 'maintenance.auto=false'];
    const args = [...settings, 'commit', '--quiet', '--no-verify', '--cleanup=verbatim', '-F', '-'];
    await git(linked, args, { env: { ...env, ...author(by.agent) }, input: `${by.message}\n` });
  }

  async merge(tree: WorktreeRow, by: { readonly agent: string; readonly message: string }): Promise<Merge> {
    const commit = await headOf(this.#linked(tree));
    if (commit === null) return { kind: 'nothing' };
    return mergeCommit({ project: projectRepository(this.#options.root), commit, by });
  }

  async unclean(list: readonly TreePath[]): Promise<readonly TreePath[]> {
    const project = projectRepository(this.#options.root);
    const args = [
      'status',
      '--porcelain',
      '-z',
      '--no-renames',
      '--untracked-files=all',
      '--ignored=matching',
    ];
    const touched = new Set(list);
    const found = paths(await git(project, args)).map(pathOf);
    // A directory that is ignored as a whole stands for all in it.
    const isIn = (path: TreePath): boolean => found.some((one) => one.endsWith('/') && path.startsWith(one));
    const named = new Set(found);
    return [...touched].filter((path) => named.has(path) || isIn(path));
  }

  async #problem(project: UserRepository): Promise<string | null> {
    if (project.prefix !== '') return `the project is only a part of the repository at ${project.workTree}`;
    if (existsSync(join(project.commonDir, 'reftable')))
      return 'the refs of its repository are in the reftable format';
    if ((await headOf(project)) === null) return 'its repository has no commit yet';
    const taken = await line(project, ['rev-parse', '--verify', '--quiet', 'refs/heads/codeframe']);
    if (taken !== null) return 'it has a branch named codeframe, so that none can be named codeframe/…';
    const tried = await git(project, ['merge-tree', '--write-tree', 'HEAD', 'HEAD'], {
      codes: [0, 1, 128, 129],
    });
    return tried.code === 0 ? null : 'git 2.38 or later is needed for it';
  }

  #find(tree: Pick<WorktreeRow, 'name'>): UserRepository | null {
    return findRepository(this.#options.root) && worktreeRepository(this.#options.root, this.dirOf(tree));
  }

  #linked(tree: WorktreeRow): UserRepository {
    const linked = this.#find(tree);
    if (linked !== null) return linked;
    throw new CodeframeError({
      code: 'cannot-isolate',
      problem: `${this.dirOf(tree)} is no worktree any more`,
    });
  }

  #rewinder(tree: WorktreeRow): FileGitRewinder {
    const { journalDir } = this.#options;
    return new FileGitRewinder({ root: this.dirOf(tree), journalDir: join(journalDir, tree.name) });
  }

  /** One that was killed before it had moved everything: it is made again from the beginning. */
  async #endCut(tree: WorktreeRow): Promise<void> {
    const rewinder = this.#rewinder(tree);
    for (const id of await rewinder.open()) {
      if (this.#find(tree) !== null) await rewinder.rollBack(id);
      await rewinder.forget(id);
    }
  }

  async #rewind(tree: WorktreeRow, saved: NonNullable<Parameters<AgentWorktrees['open']>[1]>): Promise<void> {
    const { captured, contents, id: restoreId } = saved;
    const rewinder = this.#rewinder(tree);
    const wanted = { captured: captured.git, refs: [] };
    const plan = await rewinder.plan(wanted);
    if (plan === null || !changesGit(plan)) return;
    if (plan.problems.length > 0)
      throw new CodeframeError({ code: 'restore-blocked', problems: plan.problems });
    await rewinder.prepare({ restoreId, wanted, plan, contents });
    try {
      await rewinder.apply(restoreId);
    } catch (error) {
      await rewinder.rollBack(restoreId);
      await rewinder.forget(restoreId);
      throw error;
    }
    await rewinder.finish(restoreId);
  }

  /** Null when the project's HEAD leads to it, as before the first commit in it. */
  async #bundle(linked: UserRepository, head: string | null): Promise<Uint8Array | null> {
    const project = await headOf(projectRepository(this.#options.root));
    if (head === null || (project !== null && (await leadsTo(linked, head, project)))) return null;
    const not = project === null ? [] : [`^${project}`];
    // With one thread the same commits are the same bytes.
    const args = ['-c', 'pack.threads=1', 'bundle', 'create', '--quiet', '-', 'HEAD', ...not];
    const output = await git(linked, args);
    return output.stdout;
  }

  /** On another machine the repository may not have them. */
  async #bringCommits(tree: WorktreeRow, { git: { head }, commits }: CapturedWorktree): Promise<void> {
    const project = projectRepository(this.#options.root);
    if (head === null || (await hasCommit(project, head))) return;
    if (commits !== null)
      await git(project, ['bundle', 'unbundle', '-'], { input: commits }).catch(passGitFailure);
    if (await hasCommit(project, head)) return;
    const problem = `the repository lacks the commit ${head.slice(0, 12)} of ${tree.branch}, or what it is based on: fetch it`;
    throw new CodeframeError({ code: 'cannot-isolate', problem });
  }
}

function pathOf(entry: string): TreePath {
  return entry.slice(3);
}

async function hasCommit(repository: UserRepository, commit: string): Promise<boolean> {
  const output = await git(repository, ['cat-file', '-e', `${commit}^{commit}`], { codes: [0, 1, 128] });
  return output.code === 0;
}

function passGitFailure(error: unknown): void {
  // What it is based on is not there either; which commit is missing is said below.
  if (!isFailure(error, 'git-failed')) throw error;
}
