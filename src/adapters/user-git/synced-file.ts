import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { CodeframeError } from '../../failure.ts';

/** Writes a new file and brings it to the disk. Fails when it is there already. */
export function writeSynced(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Brings a file's bytes, or a directory's names, to the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A file's bytes; null when there is none. */
export function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Whether two of them are the same, of which each may be none. */
export function isSameBytes(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}

/** What an error of the file system means, as an expected failure; any other error as it is. */
export function asFailure(error: unknown, path: string): unknown {
  const { code = '' } = error instanceof CodeframeError ? {} : (error as NodeJS.ErrnoException);
  if (['ENOSPC', 'EDQUOT'].includes(code))
    return new CodeframeError({ code: 'no-space', path }, { cause: error });
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return new CodeframeError(
      { code: 'no-permission', path, doing: 'put the repository back' },
      { cause: error },
    );
  }
  return error;
}
