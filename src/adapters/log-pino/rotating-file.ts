import { closeSync, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Output } from '../../log.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** A file that would grow beyond this is put aside as `.1`, the one before as `.2` … */
  readonly sizeBytesMax: number;
  /** How many files there are at most, the one that is written included. */
  readonly filesMax: number;
  /** Called once, with the first thing that went wrong. Writing never throws: what is lost is lost. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * A file that several processes may append to. It is opened with the first write, and written synchronously: nothing
 * waits in memory that an end of the process could lose.
 */
export function openRotatingFile(options: RotatingFileOptions): Output {
  let open: { readonly fd: number; size: number } | null = null;
  let told = false;

  return {
    write(chunk) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      try {
        append(bytes);
      } catch (error) {
        close();
        if (!told) options.onProblem(error);
        told = true;
      }
    },
    close,
  };

  function append(bytes: Uint8Array): void {
    if (open !== null && open.size + bytes.length > options.sizeBytesMax) close();
    open ??= openFor(bytes.length, options);
    for (let done = 0; done < bytes.length;) done += writeSync(open.fd, bytes, done);
    open.size += bytes.length;
  }

  function close(): void {
    if (open !== null) closeSync(open.fd);
    open = null;
  }
}

function openFor(
  length: number,
  { path, sizeBytesMax, filesMax }: RotatingFileOptions,
): { readonly fd: number; size: number } {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Another process may have put the file aside already: what counts is the size of the one that has the name now.
  const size = sizeOf(path);
  if (size > 0 && size + length > sizeBytesMax) putAside(path, filesMax);
  const fd = openSync(path, 'a', 0o600);
  return { fd, size: fstatSync(fd).size };
}

function putAside(path: string, filesMax: number): void {
  for (let number = filesMax - 1; number >= 1; number--) {
    const from = number === 1 ? path : `${path}.${number - 1}`;
    if (sizeOf(from) >= 0) renameSync(from, `${path}.${number}`);
  }
}

/** -1 when there is no such file. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}
