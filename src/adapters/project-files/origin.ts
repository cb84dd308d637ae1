import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readConfig } from './config-file.ts';
import { readIfThere, writeDurably } from '../durable-file.ts';

const schema = z.object({ dir: z.string(), device: z.number(), inode: z.number() });

/** Which directory the data of a project belongs to: a copy of the project brings the same id along. */
type Origin = z.infer<typeof schema>;

/**
 * Null when `dir` is the project's directory (at its old place, or moved), which is then on record. When it is a copy,
 * the directory that it is a copy of.
 */
export function claimOrigin(dir: string, dataDir: string, projectId: string): string | null {
  const path = join(dataDir, 'origin.json');
  const known = parse(readIfThere(path));
  const here = originOf(dir);
  if (known !== null && isAnother(known, here, projectId)) return known.dir;
  if (!isSame(known, here)) writeDurably(path, `${JSON.stringify(here)}\n`);
  return null;
}

/** The known directory is still there and still the same project, and it is not this one under another name. */
function isAnother(known: Origin, here: Origin, projectId: string): boolean {
  if (known.dir === here.dir) return false;
  const there = originOf(known.dir);
  if (there.inode === here.inode && there.device === here.device) return false;
  return isProject(known.dir, projectId);
}

function isProject(dir: string, projectId: string): boolean {
  try {
    return readConfig(dir)?.id === projectId;
  } catch {
    // Whatever is there now, it is not readable as this project, so it does not claim the data.
    return false;
  }
}

function originOf(dir: string): Origin {
  const stat = statSync(dir, { throwIfNoEntry: false });
  return { dir, device: stat?.dev ?? 0, inode: stat?.ino ?? 0 };
}

/** The directory on record; null when nothing is. */
export interface KnownOrigin {
  readonly dir: string;
  /** The very same directory is still there: not one that was made anew under its name. */
  readonly isThere: boolean;
  /** When it was put on record, in ms since 1970. */
  readonly since: number;
}

export function readOrigin(dataDir: string): KnownOrigin | null {
  const path = join(dataDir, 'origin.json');
  const known = parse(readIfThere(path));
  if (known === null) return null;
  const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const born = statSync(known.dir, { throwIfNoEntry: false })?.birthtimeMs ?? Infinity;
  // An inode's number is soon given to another directory, which is younger than the record then.
  return { dir: known.dir, since, isThere: isSame(known, originOf(known.dir)) && born <= since };
}

function isSame(a: Origin | null, b: Origin): boolean {
  return a !== null && a.dir === b.dir && a.device === b.device && a.inode === b.inode;
}

/** One that cannot be read is written anew: it says nothing that the directory does not say. */
function parse(text: string | null): Origin | null {
  if (text === null) return null;
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
