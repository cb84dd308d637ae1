import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  keptRef,
  type GitPlan,
  type GitRewinder,
  type RewindJob,
  type WantedGit,
} from '../../checkpoint/git-rewinder.ts';
import { CodeframeError } from '../../failure.ts';
import { gitFailure } from '../git-process.ts';
import { captureGit } from './capture-git.ts';
import { findRepository, type UserRepository } from './find-repository.ts';
import { stateOf, type GitState } from './git-state.ts';
import { takeIndexLock } from './index-lock.ts';
import { planRewind } from './plan-rewind.ts';
import { moveInRepository } from './repository-git.ts';
import { RewindJournal, type Rewind, type RewoundFile } from './rewind-journal.ts';
import {
  checkOpen,
  clearOwn,
  dropKeptRefs,
  freshPath,
  keepRefs,
  moveAll,
  type RewindSite,
} from './rewind-steps.ts';
import { asFailure, isSameBytes } from './synced-file.ts';

export interface GitRewinderOptions {
  /** The project's directory, absolute, links resolved. */
  readonly root: string;
  /** Where the journals are, outside the project; made when it is not there. */
  readonly journalDir: string;
  /** How long another git may hold the index; 5 s: a commit takes a moment, and an editor behind it holds nothing. */
  readonly lockWaitMs?: number;
  /** Called before each change of the disk; for fault tests, which end the process in it. */
  readonly onStep?: (name: string) => void;
}

/** Moves the repository around the project. It keeps nothing in memory: all it needs to go on is in the journal. */
export class FileGitRewinder implements GitRewinder {
  readonly #root: string;
  readonly #journal: RewindJournal;
  readonly #site: RewindSite;
  readonly #lockWaitMs: number;

  constructor(options: GitRewinderOptions) {
    this.#root = options.root;
    this.#journal = new RewindJournal(options.journalDir);
    this.#site = { onStep: options.onStep ?? (() => {}) };
    this.#lockWaitMs = options.lockWaitMs ?? 5_000;
  }

  async plan(wanted: WantedGit): Promise<GitPlan | null> {
    const repository = findRepository(this.#root);
    if (repository === null) return wanted.captured === null ? null : impossible(goneProblem);
    if (wanted.captured === null) return impossible(noneProblem);
    const present = stateOf(await captureGit(repository));
    return planRewind(repository, { present, wanted: stateOf(wanted.captured), also: wanted.refs });
  }

  async prepare(job: RewindJob): Promise<void> {
    const { restoreId, wanted } = job;
    const repository = findRepository(this.#root);
    if (repository === null || wanted.captured === null) throw moved();
    const present = stateOf(await captureGit(repository));
    const rewind = rewindOf(repository, { job, present, wanted: stateOf(wanted.captured) });
    try {
      this.#site.onStep('write-git-journal');
      this.#journal.write(rewind);
      await this.#hold(repository, job, rewind);
    } catch (error) {
      // By what it is at work on, and not by the journal: another process may have ended the restore meanwhile.
      await this.#clear(rewind);
      await this.forget(restoreId);
      throw asFailure(error, repository.gitDir);
    }
  }

  async #hold(repository: UserRepository, job: RewindJob, rewind: Rewind): Promise<void> {
    const { restoreId, wanted, plan } = job;
    const isOpen = (): boolean => this.#journal.isOpen(restoreId);
    this.#site.onStep('lock-index');
    checkOpen(isOpen);
    const fresh = freshPath(repository.gitDir, restoreId);
    await takeIndexLock(repository.gitDir, { restoreId, waitMs: this.#lockWaitMs, fresh });
    // From here on nobody else writes the index. The digest says what is there, and the bytes are what it is of.
    if ((await this.plan(wanted))?.digest !== plan.digest) throw moved();
    if (!isAsIn(rewind, stateOf(await captureGit(repository)))) throw moved();
    await keepRefs(this.#site, rewind, isOpen);
    await this.#supply(repository, job);
    checkOpen(isOpen);
  }

  async apply(restoreId: string): Promise<void> {
    const rewind = this.#journal.read(restoreId);
    if (rewind === undefined) throw new Error(`restore ${restoreId} has no journal of the repository`);
    const isOpen = (): boolean => this.#journal.isOpen(restoreId);
    this.#site.onStep('mark-applying');
    this.#journal.mark(restoreId, 'applying');
    try {
      const left = await moveAll(this.#site, rewind, { direction: 'to', isOpen });
      if (left.length > 0) throw new CodeframeError({ code: 'tree-moved', paths: left });
    } catch (error) {
      // What is beside the files only: the rest is the new owner's.
      if (!isOpen()) clearOwn(this.#site, rewind);
      throw asFailure(error, rewind.gitDir);
    }
  }

  async finish(restoreId: string): Promise<void> {
    const rewind = this.#journal.read(restoreId);
    if (rewind === undefined) return;
    clearOwn(this.#site, rewind);
    await this.forget(restoreId);
  }

  async rollBack(restoreId: string): Promise<readonly string[]> {
    const rewind = this.#journal.read(restoreId);
    if (rewind === undefined) return [];
    if (findRepository(this.#root)?.gitDir !== rewind.gitDir) return ['.git'];
    this.#site.onStep('mark-ended');
    this.#journal.mark(restoreId, 'ended');
    // Before the first move, what is at the new end was brought there by somebody else.
    const left = rewind.isApplied ? await moveAll(this.#site, rewind, { direction: 'from' }) : [];
    await this.#clear(rewind);
    return left;
  }

  async #clear(rewind: Rewind): Promise<void> {
    await dropKeptRefs(this.#site, rewind);
    clearOwn(this.#site, rewind);
  }

  async forget(restoreId: string): Promise<void> {
    if (!this.#journal.has(restoreId)) return;
    this.#site.onStep('remove-git-journal');
    this.#journal.remove(restoreId);
  }

  async open(): Promise<readonly string[]> {
    return this.#journal.list();
  }

  /** Writes what the index needs and git has collected since: loose objects that nobody sees until then. */
  async #supply(repository: UserRepository, { plan, contents }: RewindJob): Promise<void> {
    if (plan.missing.length === 0) return;
    for await (const { object, bytes } of contents(plan.missing)) {
      const args = ['hash-object', '-w', '-t', 'blob', '--stdin', '--no-filters'];
      const output = await moveInRepository(repository, args, { input: bytes });
      if (output.code !== 0) throw gitFailure(output, 'hash-object', repository.commonDir);
      if (output.stdout.toString('latin1').trim() !== object)
        throw new Error(`object ${object} became another`);
    }
  }
}

function rewindOf(
  repository: UserRepository,
  made: { readonly job: RewindJob; readonly present: GitState; readonly wanted: GitState },
): Rewind {
  const { job, present, wanted } = made;
  const { restoreId, plan } = job;
  const { gitDir, commonDir, workTree } = repository;
  const fileOf = (path: string): RewoundFile => ({
    path,
    from: present.files.get(path) ?? null,
    to: wanted.files.get(path) ?? null,
    fromSeconds: null,
  });
  const index = {
    path: 'index',
    from: present.index,
    to: wanted.index,
    fromSeconds: present.index && statSync(join(gitDir, 'index')).mtimeMs / 1000,
  };
  return {
    restoreId,
    gitDir,
    commonDir,
    workTree,
    head: plan.head,
    refs: plan.refs,
    kept: plan.losing.map(({ name, object }) => ({ name: keptRef(restoreId, name), object })),
    files: [...plan.files.map(fileOf), ...(plan.index ? [index] : [])],
  };
}

/** Whether what the journal calls old is what is there. */
function isAsIn(rewind: Rewind, present: GitState): boolean {
  return rewind.files.every(({ path, from }) =>
    isSameBytes(from, path === 'index' ? present.index : (present.files.get(path) ?? null)),
  );
}

const goneProblem = 'the checkpoint was made in a git repository, and there is none now';
const noneProblem = 'the checkpoint was made where there was no git repository';

function impossible(problem: string): GitPlan {
  return {
    head: { from: '', to: '' },
    refs: [],
    losing: [],
    index: false,
    files: [],
    operation: { from: null, to: null },
    missing: [],
    problems: [{ path: '.git', problem }],
    digest: problem,
  };
}

function moved(): CodeframeError {
  return new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
}
