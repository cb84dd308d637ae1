import { join } from 'node:path';
import type { TreePath } from '../../checkpoint/tree.ts';
import { gitFailure, type GitOutput } from '../git-process.ts';
import { repositoryAt, type UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** The paths below `root` that the repository around it ignores; none when that repository ignores all of `root`. */
export async function ignoredPaths(repository: UserRepository, root: string): Promise<readonly TreePath[]> {
  const listed = await listIgnored(repository, root);
  // `./` alone: a rule names the project's directory, or one above it.
  return withoutCollapsed(listed).filter((path) => path !== '.');
}

/** The paths below `root` that the repository at `root/nested` ignores; none where there is no sound repository. */
export async function ignoredInNested(root: string, nested: TreePath): Promise<readonly TreePath[]> {
  // A path that is no UTF-8 cannot be handed to git as a directory.
  const name = Buffer.from(nested, 'latin1').toString('utf8');
  const repository = repositoryAt(join(root, name));
  if (repository === null) return [];
  const listed = await listIgnored(repository, repository.workTree);
  return withoutCollapsed(listed).map((path) => `${nested}/${path}`);
}

async function listIgnored(repository: UserRepository, cwd: string): Promise<string[]> {
  let output = await runListing(repository, cwd, {});
  if (output.code !== 0 && output.stderr.includes('not superset of prefix')) return ['./'];
  if (output.code !== 0) {
    // A damaged index: without it only files that are tracked and ignored at once are taken for ignored.
    output = await runListing(repository, cwd, {
      GIT_INDEX_FILE: join(repository.gitDir, 'codeframe-no-index'),
    });
  }
  if (output.code !== 0) throw gitFailure(output, 'ls-files', repository.gitDir);
  return output.stdout.toString('latin1').split('\0').slice(0, -1);
}

function runListing(repository: UserRepository, cwd: string, env: NodeJS.ProcessEnv): Promise<GitOutput> {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  return runInRepository(repository, args, { cwd, env });
}

/**
 * git also lists a directory that no rule names but in which everything is ignored, followed by what is in it. There a
 * new file would not be ignored, so only what is in it counts.
 */
function withoutCollapsed(listed: readonly string[]): TreePath[] {
  const sorted = listed.toSorted((a, b) => (a < b ? -1 : 1));
  const named = sorted.filter((path, i) => !(path.endsWith('/') && sorted[i + 1]?.startsWith(path) === true));
  return named.map((path) => path.replace(/\/$/, ''));
}
