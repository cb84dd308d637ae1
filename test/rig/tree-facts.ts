import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';

/** What a tree holds, by path (one character a byte): `file 644 5 <hash>`, `link <target>`, `directory 755`, `special`. */
export type TreeFacts = ReadonlyMap<string, string>;

/**
 * Everything below a directory but the insides of git, read by nothing of the product. Opens no special file, so that a
 * FIFO does not hold it up; what it may not read is `unreadable`.
 */
export function treeFacts(root: string, isLeftOut: (path: string) => boolean = isGit): TreeFacts {
  const facts = new Map<string, string>();
  addBelow(facts, { root, path: '', isLeftOut });
  return new Map([...facts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `.git` itself, at any depth, and what is in it. */
export function isGit(path: string): boolean {
  return path === '.git' || path.endsWith('/.git');
}

interface Place {
  readonly root: string;
  readonly path: string;
  readonly isLeftOut: (path: string) => boolean;
}

function addBelow(facts: Map<string, string>, place: Place): void {
  const { root, path, isLeftOut } = place;
  for (const name of namesIn(rawPath(root, path))) {
    const child = path === '' ? name : `${path}/${name}`;
    if (isLeftOut(child)) continue;
    const at = rawPath(root, child);
    const stats = lstatSync(at);
    facts.set(child, factOf(at, stats));
    if (stats.isDirectory()) addBelow(facts, { ...place, path: child });
  }
}

function namesIn(directory: Buffer): readonly string[] {
  try {
    return readdirSync(directory, { encoding: 'latin1' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    return [];
  }
}

function factOf(at: Buffer, stats: Stats): string {
  const mode = (stats.mode & 0o7777).toString(8);
  if (stats.isSymbolicLink()) return `link ${readlinkSync(at, { encoding: 'latin1' })}`;
  if (stats.isDirectory()) return `directory ${mode}`;
  if (!stats.isFile()) return 'special';
  return `file ${mode} ${stats.size} ${hashOf(at)}`;
}

function hashOf(at: Buffer): string {
  try {
    return createHash('sha256').update(readFileSync(at)).digest('hex').slice(0, 12);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    return 'unreadable';
  }
}

/** A path of the tree, for `fs`. */
export function rawPath(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}
