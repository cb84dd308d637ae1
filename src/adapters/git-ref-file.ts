import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

let count = 0;

/**
 * Creates a ref of a repository that has its refs in files: written and synced under a name of its own, then linked to
 * its place, which fails when something is there. Nothing that a killed process leaves is in the way of the next: git
 * passes over names that end in `.lock`. The ref's own name is not synced. `isThere` says whether git knows the ref from
 * elsewhere, as packed. Answers false when there is such a ref.
 */
export function createRefFile(path: string, commit: string, isThere: () => boolean): boolean {
  const written = `${path}.${process.pid}-${++count}.lock`;
  const file = retry(path, () => openSync(written, 'wx', 0o644));
  try {
    writeSync(file, `${commit}\n`);
    fsyncSync(file);
    return !isThere() && retry(path, () => putInPlace(written, path));
  } finally {
    closeSync(file);
    rmSync(written, { force: true });
  }
}

function putInPlace(written: string, path: string): boolean {
  try {
    linkSync(written, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP') throw error;
    // A file system without hard links. Two makers of the same ref give it the same commit.
    renameSync(written, path);
    return true;
  }
}

const tries = 10;

/** `git pack-refs` takes away directories that it has emptied, as this one in this moment: then it is made again. */
function retry<T>(path: string, work: () => T): T {
  for (let attempt = 1; ; attempt++) {
    mkdirSync(dirname(path), { recursive: true });
    try {
      return work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === tries) throw error;
    }
  }
}
