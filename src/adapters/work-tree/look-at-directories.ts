import type * as fs from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { KnownNames } from './known-names.ts';

/** What is in some directories, in a form that a thread hands over at little cost. */
export interface Look {
  /**
   * Of each directory all names, sorted, with `/` between them: no name has one. Empty for one that could not be listed, too;
   * undefined for one that was not listed, because it is still what it was when the names that are known of it were read.
   */
  readonly names: readonly (string | undefined)[];
  /** For each directory `numbersPerDirectory` numbers, from before its names were read; 0 when it could not be looked at. */
  readonly numbers: Float64Array;
  /** For each name of each directory, one after the other, `numbersPerName` numbers: mode, size, mtimeMs, ctimeMs, ino, dev. */
  readonly stats: Float64Array;
  /** Of each file that has another name, too, its directory, by its place in what was asked. */
  readonly linked: readonly number[];
  /** What could not be looked at: a directory, or one of the names, whose numbers are 0 then. */
  readonly problems: readonly LookProblem[];
}

export interface LookProblem {
  /** By its place in what was asked. */
  readonly directory: number;
  /** By its place among the directory's; undefined for the directory itself. */
  readonly name?: number;
  /** Of the error; empty when it is none of the system's. */
  readonly code: string;
  readonly message: string;
}

export const numbersPerName = 6;
/** mtimeMs, ctimeMs, ino and dev. */
export const numbersPerDirectory = 4;

/** Directories to look at, and what is known of each. */
export interface Asked {
  readonly directories: readonly TreePath[];
  /** Its names; undefined when nobody knows them. */
  readonly known: readonly (KnownNames | undefined)[];
}

type FileSystem = Pick<typeof fs, 'lstatSync' | 'readdirSync'>;

interface Tools extends FileSystem {
  readonly readNames: typeof readNames;
}

interface ReadNames extends Pick<Look, 'names' | 'numbers'> {
  readonly failed: readonly { readonly directory: number; readonly error: unknown }[];
}

/**
 * Reads the names of directories. Reading them takes 10 times as long as a look at the directory, so those are not read that
 * are known and unchanged. Threads get this function as text, so it uses nothing but what it is given.
 */
export function readNames(
  { lstatSync, readdirSync }: FileSystem,
  paths: readonly (string | Buffer)[],
  known: Asked['known'],
): ReadNames {
  const numbers = new Float64Array(4 * paths.length);
  const failed: { directory: number; error: unknown }[] = [];
  const names = paths.map((path, directory) => {
    const before = known[directory]?.numbers;
    try {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found !== undefined && (found.mode & 0o170000) === 0o040000) {
        const now = [found.mtimeMs, found.ctimeMs, found.ino, found.dev];
        numbers.set(now, 4 * directory);
        if (before !== undefined && now.every((number, at) => number === before[at])) return undefined;
      }
      return readdirSync(path, { encoding: 'latin1' }).sort().join('/');
    } catch (error) {
      failed.push({ directory, error });
      return '';
    }
  });
  return { names, numbers, failed };
}

/**
 * Lists directories and looks at each name in them, without following it. Synchronously: twenty times as fast as with
 * promises. Threads get this function as text, so it uses nothing but what it is given.
 */
export function lookAtDirectories(tools: Tools, root: string, { directories, known }: Asked): Look {
  const problems: { directory: number; name?: number; code: string; message: string }[] = [];
  // eslint-disable-next-line no-control-regex
  const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
  // Bytes, unless they are all ASCII: a string is cheaper there.
  const raw = (path: string): string | Buffer =>
    isAscii(path)
      ? path === ''
        ? root
        : `${root}/${path}`
      : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  const note = (error: unknown, at: { directory: number; name?: number }): void => {
    const { code = '', message = String(error) } = error as { code?: string; message?: string };
    problems.push({ ...at, code, message });
  };
  const { names: read, numbers, failed } = tools.readNames(tools, directories.map(raw), known);
  for (const { directory, error } of failed) note(error, { directory });
  const all = read.map((names, directory) => names ?? known[directory]?.names ?? '');
  const namesOf = all.map((names) => (names === '' ? [] : names.split('/')));
  const stats = new Float64Array(6 * namesOf.reduce((sum, names) => sum + names.length, 0));
  const linked: number[] = [];
  let at = 0;
  const quietly = { throwIfNoEntry: false } as const;
  namesOf.forEach((names, directory) => {
    const above = directories[directory] === '' ? '' : `${directories[directory]}/`;
    // Asked once for all of them.
    const isPlain = isAscii(above) && isAscii(all[directory] ?? '');
    const rootAbove = `${root}/${above}`;
    for (let name = 0; name < names.length; name++, at += 6) {
      try {
        const found = tools.lstatSync(isPlain ? rootAbove + names[name] : raw(above + names[name]), quietly);
        if (found === undefined) {
          problems.push({ directory, name, code: 'ENOENT', message: 'no such file or directory' });
          continue;
        }
        // Of a directory it is the number of those in it.
        if (found.nlink > 1 && (found.mode & 0o170000) !== 0o040000) linked.push(directory);
        stats[at] = found.mode;
        stats[at + 1] = found.size;
        stats[at + 2] = found.mtimeMs;
        stats[at + 3] = found.ctimeMs;
        stats[at + 4] = found.ino;
        stats[at + 5] = found.dev;
      } catch (error) {
        note(error, { directory, name });
      }
    }
  });
  return { names: read, numbers, stats, linked, problems };
}
