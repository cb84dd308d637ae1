import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { markerVariable } from '../../agent/processes.ts';
import type { WorktreeRow } from '../../agent/worktree.ts';
import { CodeframeError } from '../../failure.ts';
import type { UserRepository } from './find-repository.ts';
import { endRefresh } from './refresh-worktree.ts';
import { syncPath } from './synced-file.ts';
import { dropLocks, git, headOf, line, projectRepository, worktreeRepository } from './worktree-git.ts';

/** Where worktrees are, and where they are made before they are moved there. */
export interface WorktreePlaces {
  readonly root: string;
  readonly dir: string;
  readonly makingDir: string;
  /** In the environment of each git that changes files: recovery ends it before anybody else works there. */
  readonly marker: string;
}

/**
 * Makes a worktree when there is none, at its branch or, on a new branch, at `commit` or the project's HEAD. A directory that has lost
 * its link to the repository gets another one, with its files as they are. Killed anywhere, the next call goes on.
 */
export async function makeWorktree(
  places: WorktreePlaces,
  tree: WorktreeRow,
  commit: string | null,
): Promise<UserRepository> {
  const dir = join(places.dir, tree.name);
  const linked = worktreeRepository(places.root, dir);
  if (linked !== null) return repaired(places, linked);
  const project = projectRepository(places.root);
  const making = join(places.makingDir, tree.name);
  // Made by one of before that was killed: nobody has worked in it.
  rmSync(making, { recursive: true, force: true });
  mkdirSync(places.makingDir, { recursive: true, mode: 0o700 });
  mkdirSync(places.dir, { recursive: true, mode: 0o700 });
  const isThere = existsSync(dir) && readdirSync(dir).length > 0;
  const at = await startOf(project, tree, commit);
  const checkout = isThere ? ['--no-checkout'] : [];
  await git(project, ['worktree', 'add', '--quiet', '--force', ...checkout, ...at(making)], marked(places));
  if (isThere) moveLink(making, dir);
  else moveWhole(making, dir);
  const made = worktreeRepository(places.root, dir);
  if (made === null) throw new Error(`the worktree ${tree.name} is not one of the project's repository`);
  await repaired(places, made);
  // Its files are what they were; the index knows none of them yet.
  if (isThere) await git(made, ['read-tree', 'HEAD'], marked(places));
  return made;
}

function marked({ marker }: WorktreePlaces): { readonly env: NodeJS.ProcessEnv } {
  return { env: { [markerVariable]: marker } };
}

async function startOf(
  project: UserRepository,
  tree: WorktreeRow,
  commit: string | null,
): Promise<(making: string) => readonly string[]> {
  const known = await line(project, ['rev-parse', '--verify', '--quiet', `refs/heads/${tree.branch}`]);
  if (known !== null) return (making) => [making, tree.branch];
  const from = commit ?? (await headOf(project));
  if (from === null)
    throw new CodeframeError({ code: 'cannot-isolate', problem: 'the repository has no commit yet' });
  return (making) => ['-b', tree.branch, making, from];
}

function moveLink(making: string, dir: string): void {
  rmSync(join(dir, '.git'), { recursive: true, force: true });
  renameSync(join(making, '.git'), join(dir, '.git'));
  rmSync(making, { recursive: true, force: true });
}

function moveWhole(making: string, dir: string): void {
  // An empty one gives way to a rename.
  renameSync(making, dir);
  syncPath(dirname(dir));
}

/** git's directory of it names its place: told anew, as it may have been moved, or been killed in between. */
async function repaired(places: WorktreePlaces, linked: UserRepository): Promise<UserRepository> {
  dropLocks(linked);
  const link = join(linked.gitDir, 'gitdir');
  const wanted = `${join(linked.workTree, '.git')}\n`;
  if (!existsSync(link) || readFileSync(link, 'utf8') !== wanted) {
    await git(projectRepository(places.root), ['worktree', 'repair', linked.workTree]);
  }
  await endRefresh(linked, places.marker);
  return linked;
}
