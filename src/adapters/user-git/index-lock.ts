import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodeframeError } from '../../failure.ts';
import { readOrNull, writeSynced } from './synced-file.ts';

/**
 * Takes git's own lock on the index: whoever wants to write it waits or fails meanwhile. It says whose it is, so that
 * who recovers knows it. Throws `restore-blocked` when another git does not give it back.
 */
export async function takeIndexLock(
  gitDir: string,
  { restoreId, waitMs }: { readonly restoreId: string; readonly waitMs: number },
): Promise<void> {
  const path = lockPath(gitDir);
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      return writeSynced(path, ownLock(restoreId));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (performance.now() > deadline) throw blocked();
    await sleep(50);
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
