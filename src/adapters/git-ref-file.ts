import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a ref of a repository that has its refs in files, as git does it: whoever creates the lock writes. The file is synced,
 * its name is not. `isThere` is asked under the lock. Answers false when the ref is there, or someone else has the lock.
 */
export function createRefFile(path: string, commit: string, isThere: () => boolean): boolean {
  const lock = openLock(`${path}.lock`);
  if (lock === undefined) return false;
  try {
    if (isThere()) {
      rmSync(`${path}.lock`, { force: true });
      return false;
    }
    writeSync(lock, `${commit}\n`);
    fsyncSync(lock);
    renameSync(`${path}.lock`, path);
    return true;
  } catch (error) {
    rmSync(`${path}.lock`, { force: true });
    throw error;
  } finally {
    closeSync(lock);
  }
}

const tries = 10;

function openLock(path: string): number | undefined {
  for (let attempt = 1; ; attempt++) {
    mkdirSync(dirname(path), { recursive: true });
    try {
      return openSync(path, 'wx', 0o644);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return undefined;
      // `git pack-refs` takes away directories that it has emptied, as this one in this moment.
      if (code !== 'ENOENT' || attempt === tries) throw error;
    }
  }
}
