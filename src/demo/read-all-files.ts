import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

/** What is at each path, in a line that is equal only for equal content, mode and target. */
export type Files = ReadonlyMap<string, string>;

/**
 * Every file, link and directory below a directory but the top `.git`: read here again, by nothing that a checkpoint
 * uses, so that the proof does not rest on what it proves. Names are latin1, a character a byte.
 */
export async function readAllFiles(root: string): Promise<Files> {
  const found = new Map<string, string>();
  await readDirectory(found, { root, below: '' });
  return found;
}

async function readDirectory(
  found: Map<string, string>,
  at: { readonly root: string; readonly below: string },
): Promise<void> {
  const directory = Buffer.from(path.posix.join(Buffer.from(at.root).toString('latin1'), at.below), 'latin1');
  for (const name of await readdir(directory, { encoding: 'buffer' })) {
    const below = path.posix.join(at.below, name.toString('latin1'));
    if (below === '.git') continue;
    const full = Buffer.concat([directory, Buffer.from('/'), name]);
    const stat = await lstat(full);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isDirectory()) {
      found.set(below, `directory ${mode}`);
      await readDirectory(found, { root: at.root, below });
    } else if (stat.isSymbolicLink()) {
      found.set(below, `link ${(await readlink(full, { encoding: 'buffer' })).toString('latin1')}`);
    } else if (stat.isFile()) {
      const sha256 = createHash('sha256')
        .update(await readFile(full))
        .digest('hex');
      found.set(below, `file ${mode} ${sha256}`);
    }
  }
}

/** The paths at which two readings differ. */
export function compareFiles(one: Files, other: Files): readonly string[] {
  const paths = new Set([...one.keys(), ...other.keys()]);
  return [...paths].filter((name) => one.get(name) !== other.get(name)).toSorted();
}
