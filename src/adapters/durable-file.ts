import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CodeframeError } from '../failure.ts';

/** The text of a file; null when there is none. What is no file is refused and not waited for: a pipe would block for ever. */
export function readIfThere(path: string): string | null {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) throw new Error('it is not a file');
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw failureOf(error, path, 'read it');
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Replaces a file, or makes it: whoever reads it, also after a crash, finds the old content or the new one. */
export function writeDurably(path: string, content: string | Uint8Array, mode?: number): void {
  writeAside(path, { content, mode }, (aside) => {
    renameSync(aside, path);
    return true;
  });
}

/** Makes a file that is not there yet, whole; answers false, and changes nothing, when it is. */
export function createDurably(path: string, content: string): boolean {
  return writeAside(path, { content }, (aside) => {
    try {
      linkSync(aside, path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // Some file systems know no hard links; there two who make it at the same time both think that they did.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
      renameSync(aside, path);
      return true;
    } finally {
      rmSync(aside, { force: true });
    }
  });
}

export function makePrivateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failureOf(error, path, 'make this directory');
  }
}

/** The expected failure behind an error of the file system. */
export function failureOf(error: unknown, path: string, doing: string): CodeframeError {
  const code = codeOf(error);
  const options = { cause: error };
  if (['EACCES', 'EPERM', 'EROFS'].includes(code))
    return new CodeframeError({ code: 'no-permission', path, doing }, options);
  if (['ENOSPC', 'EDQUOT'].includes(code)) return new CodeframeError({ code: 'no-space', path }, options);
  const problem = error instanceof Error ? error.message : String(error);
  return new CodeframeError({ code: 'input-output', path, doing, problem }, options);
}

interface Written {
  readonly content: string | Uint8Array;
  readonly mode?: number | undefined;
}

function writeAside(path: string, written: Written, place: (aside: string) => boolean): boolean {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeSynced(aside, written);
    const placed = place(aside);
    syncDir(dirname(path));
    return placed;
  } catch (error) {
    rmSync(aside, { force: true });
    throw failureOf(error, path, 'write it');
  }
}

function writeSynced(path: string, { content, mode }: Written): void {
  const fd = openSync(path, 'w', mode);
  try {
    // The process's mask has no say in a mode that is asked for.
    if (mode !== undefined) fchmodSync(fd, mode);
    writeFileSync(fd, content);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The name is only safe once its directory is. */
function syncDir(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
