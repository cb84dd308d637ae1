import { closeSync, constants, chmodSync, fsyncSync, lchmodSync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CodeframeError } from '../../failure.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import type { TreeOperation } from '../../checkpoint/tree-writer.ts';
import { errorCode, isGone, moved, withDirectory, type SafeDirectory } from './safe-directory.ts';

/** Where a restore works. */
export interface Site {
  readonly root: string;
  /** Called before each change of the disk, with its name; tests end the process in it. */
  readonly onStep: (name: string) => void;
}

/** An operation's place: the directory of its path, and the one in which its own files lie. */
export function homeOf(operation: TreeOperation): TreePath {
  return 'home' in operation ? operation.home : parentOf(operation.path);
}

/** The directories whose entries the operations change. */
export function touchedDirectories(operations: readonly TreeOperation[]): ReadonlySet<TreePath> {
  const touched = new Set<TreePath>();
  for (const operation of operations) {
    if (operation.kind === 'set-mode' || operation.kind === 'set-directory-mode') continue;
    touched.add(parentOf(operation.path));
    touched.add(homeOf(operation));
  }
  return touched;
}

/** Syncs directories, so that what was renamed in them stays so when the power fails. Passes over those that are gone. */
export async function syncDirectories(site: Site, paths: Iterable<TreePath>): Promise<void> {
  const breathe = breather();
  for (const path of paths) {
    site.onStep('sync');
    unlessGone(() => withDirectory(site.root, path, ({ self }) => syncAt(self)));
    await breathe();
  }
}

export function syncAt(path: Buffer): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Sets all permission bits of a file or directory, never those of what a link leads to. */
export function setMode(directory: SafeDirectory, name: string, mode: number): void {
  if (process.platform === 'darwin') return lchmodSync(directory.at(name), mode);
  const pathOnly = 0o10000000;
  const descriptor = openSync(directory.at(name), pathOnly | constants.O_NOFOLLOW);
  try {
    chmodSync(`/proc/self/fd/${descriptor}`, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** Runs it; answers undefined when a directory on its way, or its file, is not there any more. */
export function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isGone(error) || (error instanceof CodeframeError && error.failure.code === 'tree-moved'))
      return undefined;
    throw error;
  }
}

/** For long loops of synchronous calls: called in each round, it lets timers run now and then. The lease has to be renewed. */
export function breather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < 20) return;
    await nextTurn();
    last = performance.now();
  };
}

/** What an error of the file system means for a restore, as an expected failure. */
export function asFailure(error: unknown, path: TreePath, doing: string): unknown {
  const code = errorCode(error);
  if (error instanceof CodeframeError || code === '') return error;
  const shown = showPath(path);
  if (code === 'ENOSPC' || code === 'EDQUOT') return fail({ code: 'no-space', path: shown }, error);
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return fail({ code: 'no-permission', path: shown, doing }, error);
  }
  if (isGone(error) || ['EEXIST', 'ENOTEMPTY', 'EISDIR'].includes(code)) return moved(path, error);
  if (code === 'EXDEV') {
    const problem = 'it is on another file system than the directory that it lies in';
    return fail({ code: 'restore-blocked', problems: [{ path: shown, problem }] }, error);
  }
  return fail({ code: 'input-output', path: shown, doing, problem: code }, error);
}

function fail(failure: CodeframeError['failure'], cause: unknown): CodeframeError {
  return new CodeframeError(failure, { cause });
}
