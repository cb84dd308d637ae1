import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { treePath, type TreePath } from '../../checkpoint/tree.ts';

/** A repository with a working tree, found without running git: git refuses to look where another user owns it. */
export interface UserRepository {
  /** Where HEAD and the index are. */
  readonly gitDir: string;
  /** Where refs and objects are: another one in a linked worktree. */
  readonly commonDir: string;
  readonly workTree: string;
  /** From its working tree to the directory asked for: `''`, or `a/b`. */
  readonly prefix: TreePath;
}

/** The repository around a directory; null when there is none. */
export function findRepository(directory: string): UserRepository | null {
  for (let at = directory; ; at = dirname(at)) {
    const gitDir = gitDirOf(join(at, '.git'));
    if (gitDir !== null) {
      return {
        gitDir,
        commonDir: commonDirOf(gitDir),
        workTree: at,
        prefix: treePath(relative(at, directory)),
      };
    }
    if (at === dirname(at)) return null;
  }
}

/** The repository whose working tree starts at this very directory. */
export function repositoryAt(directory: string): UserRepository | null {
  const gitDir = gitDirOf(join(directory, '.git'));
  return gitDir === null ? null : { gitDir, commonDir: commonDirOf(gitDir), workTree: directory, prefix: '' };
}

/** A directory, or a file that names one, as in worktrees and submodules. */
function gitDirOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  const gitDir = stats.isDirectory() ? path : namedGitDir(path);
  return gitDir !== null && isGitDir(gitDir) ? gitDir : null;
}

function namedGitDir(file: string): string | null {
  const named = /^gitdir: (.+?)\n*$/.exec(readText(file) ?? '')?.[1];
  return named === undefined ? null : resolve(dirname(file), named);
}

function isGitDir(path: string): boolean {
  return statSync(join(path, 'HEAD'), { throwIfNoEntry: false })?.isFile() === true;
}

function commonDirOf(gitDir: string): string {
  const named = readText(join(gitDir, 'commondir'));
  return named === undefined ? gitDir : resolve(gitDir, named.trimEnd());
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
