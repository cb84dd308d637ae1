import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { gitFailure, type GitOutput } from '../git-process.ts';
import { findRepository, repositoryAt, type UserRepository } from './find-repository.ts';
import { moveInRepository } from './repository-git.ts';

/** The repository that the project is the working tree of. Throws `cannot-isolate` when there is none. */
export function projectRepository(root: string): UserRepository {
  const repository = findRepository(root);
  if (repository !== null) return repository;
  throw new CodeframeError({ code: 'cannot-isolate', problem: 'the project is in no git repository' });
}

/** That of an agent's worktree; null when it is not one of the project's repository. */
export function worktreeRepository(root: string, dir: string): UserRepository | null {
  const linked = repositoryAt(dir);
  return linked !== null && linked.commonDir === projectRepository(root).commonDir ? linked : null;
}

/** Runs git in a repository, synced and without hooks. Throws `git-failed` for another code than those that are fine. */
export async function git(
  repository: UserRepository,
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly input?: string | Uint8Array;
    readonly codes?: readonly number[];
  } = {},
): Promise<GitOutput> {
  const { codes = [0], ...given } = options;
  const output = await moveInRepository(repository, args, given);
  if (codes.includes(output.code ?? -1)) return output;
  throw gitFailure(
    output,
    args
      .filter((arg) => !arg.startsWith('-'))
      .slice(0, 2)
      .join(' '),
    repository.workTree,
  );
}

/** The text of one line that git answers; null when it ends with 1, as for what is not there. */
export async function line(repository: UserRepository, args: readonly string[]): Promise<string | null> {
  const output = await git(repository, args, { codes: [0, 1] });
  return output.code === 0 ? output.stdout.toString('utf8').trim() : null;
}

/** Paths that git listed with `-z`, a character a byte. */
export function paths(output: GitOutput): readonly string[] {
  return output.stdout.toString('latin1').split('\0').slice(0, -1);
}

/** Paths as git takes them with `-z` on its input. */
export function asInput(list: readonly string[]): Buffer {
  return Buffer.from(list.map((path) => `${path}\0`).join(''), 'latin1');
}

/** Who a commit is by. */
export function author(agent: string): NodeJS.ProcessEnv {
  return { GIT_AUTHOR_NAME: agent, GIT_AUTHOR_EMAIL: 'codeframe@localhost' };
}

/** Takes away the locks that a git left that was killed; only while nobody works in the worktree. */
export function dropLocks(repository: UserRepository): void {
  for (const name of ['index.lock', 'HEAD.lock']) rmSync(join(repository.gitDir, name), { force: true });
}

/** The commit at HEAD; null before the first. */
export function headOf(repository: UserRepository): Promise<string | null> {
  return line(repository, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
}

/** Whether a commit is in the history of another. */
export async function leadsTo(
  repository: UserRepository,
  ancestor: string,
  commit: string,
): Promise<boolean> {
  const output = await git(repository, ['merge-base', '--is-ancestor', ancestor, commit], { codes: [0, 1] });
  return output.code === 0;
}
