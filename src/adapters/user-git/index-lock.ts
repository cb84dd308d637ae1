import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodeframeError } from '../../failure.ts';
import { readOrNull, writeSynced } from './synced-file.ts';

/**
 * Takes git's own lock on the index: whoever wants to write it waits or fails meanwhile. It says whose it is, so that
 * who recovers knows it; it is written at `fresh`, in the same directory, and linked into its place, as one that a kill or
 * a full disk left empty would be nobody's. Throws `restore-blocked` when another git does not give it back.
 */
export async function takeIndexLock(
  gitDir: string,
  taking: { readonly restoreId: string; readonly waitMs: number; readonly fresh: string },
): Promise<void> {
  const { restoreId, waitMs, fresh } = taking;
  const deadline = performance.now() + waitMs;
  rmSync(fresh, { force: true });
  writeSynced(fresh, ownLock(restoreId));
  try {
    while (!tryLink(fresh, lockPath(gitDir), restoreId)) {
      if (performance.now() > deadline) throw blocked();
      await sleep(50);
    }
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Answers false when another has it. */
function tryLink(fresh: string, path: string, restoreId: string): boolean {
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    return tryWrite(path, restoreId);
  }
}

/** Where the file system has no hard links. */
function tryWrite(path: string, restoreId: string): boolean {
  try {
    writeSynced(path, ownLock(restoreId));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    rmSync(path, { force: true });
    throw error;
  }
}

/** Gives it back; nothing when it is not there or another's. */
export function dropIndexLock(gitDir: string, restoreId: string): void {
  const path = lockPath(gitDir);
  if (readOrNull(path)?.toString('utf8') === ownLock(restoreId)) rmSync(path, { force: true });
}

function blocked(): CodeframeError {
  const problem = 'another git works on the index; if none does, remove this file';
  return new CodeframeError({ code: 'restore-blocked', problems: [{ path: '.git/index.lock', problem }] });
}

function lockPath(gitDir: string): string {
  return join(gitDir, 'index.lock');
}

function ownLock(restoreId: string): string {
  return `codeframe restore ${restoreId}\n`;
}
