import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';
import { CodeframeError } from '../../failure.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';

/** A directory of the project that was reached without going through a link. */
export interface SafeDirectory {
  /** The path of something in it, for one system call that does not follow a last link. */
  at(name: string): Buffer;
  /** The path of the directory itself. */
  readonly self: Buffer;
}

/**
 * Opens a directory below the root name by name, so that none of them can be a link, also not one that was put
 * there this instant (on Linux: what was opened stays what it is, wherever its path leads meanwhile).
 * Throws `tree-moved` when there is no such directory.
 */
export function withDirectory<T>(root: string, path: TreePath, work: (directory: SafeDirectory) => T): T {
  const opened = openDirectory(root, path);
  try {
    return work(opened);
  } finally {
    opened.close();
  }
}

/** As `withDirectory`, for work that waits. */
export async function withDirectoryAsync<T>(
  root: string,
  path: TreePath,
  work: (directory: SafeDirectory) => Promise<T>,
): Promise<T> {
  const opened = openDirectory(root, path);
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

export function nameOf(path: TreePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error));
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

export function moved(path: TreePath, cause?: unknown): CodeframeError {
  return new CodeframeError({ code: 'tree-moved', paths: [showPath(path)] }, { cause });
}

// Linux only, and missing from node:fs: a descriptor that names a file without opening its content.
const pathOnly = 0o10000000;
const isLinux = process.platform === 'linux';

function openDirectory(root: string, path: TreePath): SafeDirectory & { close(): void } {
  const names = path === '' ? [] : path.split('/');
  try {
    return isLinux ? openByDescriptor(root, names) : openByPath(root, names);
  } catch (error) {
    throw isGone(error) ? moved(path === '' ? '.' : path, error) : error;
  }
}

function openByDescriptor(root: string, names: readonly string[]): SafeDirectory & { close(): void } {
  const opened = openAtOnce(root, names) ?? openNameByName(root, names);
  return {
    at: (name) => inDescriptor(opened, name),
    self: inDescriptor(opened, '.'),
    close: () => closeSync(opened),
  };
}

/** In one call, when no link was on the way: then what was opened is where it seems. Undefined when that is not sure. */
function openAtOnce(root: string, names: readonly string[]): number | undefined {
  const path = Buffer.concat([Buffer.from(root), ...names.map((name) => Buffer.from(`/${name}`, 'latin1'))]);
  let opened: number | undefined;
  try {
    opened = openSync(path, pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    if (readlinkSync(`/proc/self/fd/${opened}`, { encoding: 'buffer' }).equals(path)) return opened;
  } catch {
    // Name by name it is found out why.
  }
  if (opened !== undefined) closeSync(opened);
  return undefined;
}

function openNameByName(root: string, names: readonly string[]): number {
  let descriptor = openSync(root, pathOnly | constants.O_DIRECTORY);
  for (const name of names) {
    const above = descriptor;
    try {
      const flags = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      descriptor = openSync(inDescriptor(above, name), flags);
    } finally {
      closeSync(above);
    }
  }
  return descriptor;
}

function inDescriptor(descriptor: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${descriptor}/${name}`, 'latin1');
}

// Without descriptors that name directories, a link put there after the check is followed: what is left is to check late.
function openByPath(root: string, names: readonly string[]): SafeDirectory & { close(): void } {
  let path = Buffer.from(root);
  for (const name of names) {
    path = Buffer.concat([path, Buffer.from(`/${name}`, 'latin1')]);
    if (!lstatSync(path).isDirectory())
      throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
  }
  const directory = path;
  return {
    at: (name) => Buffer.concat([directory, Buffer.from(`/${name}`, 'latin1')]),
    self: directory,
    close() {},
  };
}
