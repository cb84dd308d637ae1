import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface WalkEnd {
  readonly names: readonly string[];
  /** Why there may be more: too many names, or too little time. */
  readonly cutOff: boolean;
}

const DEADLINE_CHECK = 200;

/**
 * The files under a directory, relative to it, in order; links are named, never followed; `.git` is left out.
 * Ends early at `max` names that `wanted` takes, or when `signal` aborts (then it throws).
 */
export async function walkFiles(
  root: string,
  options: { readonly wanted: (name: string) => boolean; readonly max: number; readonly signal: AbortSignal },
): Promise<WalkEnd> {
  const names: string[] = [];
  const dirs = [''];
  for (let dir = dirs.pop(), turn = 0; dir !== undefined; dir = dirs.pop(), turn++) {
    if (turn % DEADLINE_CHECK === 0) options.signal.throwIfAborted();
    const entries = await entriesOf(join(root, dir));
    // The stack gives the last one first.
    for (const entry of entries.toReversed()) if (entry.isDirectory()) dirs.push(nameIn(dir, entry));
    for (const entry of entries) {
      if (entry.isDirectory() || !options.wanted(nameIn(dir, entry))) continue;
      if (names.length >= options.max) return { names, cutOff: true };
      names.push(nameIn(dir, entry));
    }
  }
  return { names, cutOff: false };
}

/** A directory that vanished or may not be read has no files to name. */
async function entriesOf(dir: string): Promise<readonly Dirent[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((): Dirent[] => []);
  return entries
    .filter((entry) => entry.name.toLowerCase() !== '.git')
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function nameIn(dir: string, entry: Dirent): string {
  return dir === '' ? entry.name : `${dir}/${entry.name}`;
}
