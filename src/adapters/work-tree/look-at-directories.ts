import type * as fs from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';

/** What is in some directories, in a form that a thread hands over at little cost. */
export interface Look {
  /** Of each directory all names, sorted, with `/` between them: no name has one. Empty for one that could not be listed, too. */
  readonly names: readonly string[];
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

type FileSystem = Pick<typeof fs, 'lstatSync' | 'readdirSync'>;

/**
 * Lists directories and looks at each name in them, without following it. Synchronously: twenty times as fast as with
 * promises. Threads get this function as text, so it uses nothing but what it is given.
 */
export function lookAtDirectories(
  { lstatSync, readdirSync }: FileSystem,
  root: string,
  directories: readonly TreePath[],
): Look {
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
  const listed = directories.map((path, directory) => {
    try {
      return readdirSync(raw(path), { encoding: 'latin1' }).sort();
    } catch (error) {
      note(error, { directory });
      return [];
    }
  });
  const stats = new Float64Array(6 * listed.reduce((sum, names) => sum + names.length, 0));
  const linked: number[] = [];
  const all: string[] = [];
  const quietly = { throwIfNoEntry: false } as const;
  let at = 0;
  listed.forEach((names, directory) => {
    const above = directories[directory] === '' ? '' : `${directories[directory]}/`;
    const joined = names.join('/');
    all.push(joined);
    // Asked once for all of them.
    const isPlain = isAscii(above) && isAscii(joined);
    const rootAbove = `${root}/${above}`;
    for (let name = 0; name < names.length; name++, at += 6) {
      try {
        const found = lstatSync(isPlain ? rootAbove + names[name] : raw(above + names[name]), quietly);
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
  return { names: all, stats, linked, problems };
}
