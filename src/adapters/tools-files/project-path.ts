import { readlink, realpath } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** What the model asked for cannot be done with this path; the message is the tool's result. */
export class PathRefused extends Error {}

export interface ProjectPath {
  /** Relative to the project, with `/`, as the agent and its memory name it. */
  readonly name: string;
  /** The project's directory, links resolved. */
  readonly root: string;
  /** Where it really is: links resolved as far as it exists. */
  readonly real: string;
}

/**
 * Finds a path of the project. Throws `PathRefused` for one that is outside, by name or through a link.
 * What is found may be swapped before it is opened: `assertInside` looks again at what was opened.
 */
export async function findPath(projectDir: string, path: string): Promise<ProjectPath> {
  if (path.includes('\0')) throw new PathRefused('A path has no NUL character in it.');
  const root = await realpath(projectDir);
  const plain = isAbsolute(path) ? fromAbsolute(path, [projectDir, root]) : path;
  const name = relative(root, resolve(root, plain));
  if (isOutside(name)) throw new PathRefused(`${path} is outside the project.`);
  const real = await realOf(join(root, name));
  if (isOutside(relative(root, real)))
    throw new PathRefused(`${path} leads outside the project through a link.`);
  return { name: name.split(sep).join('/') || '.', root, real };
}

/** As `findPath`, for something that will be changed: not in `.git` or `.codeframe`, whatever way leads there. */
export async function findWritable(projectDir: string, path: string): Promise<ProjectPath> {
  const found = await findPath(projectDir, path);
  if (found.name === '.') throw new PathRefused('This is the project itself, not a file in it.');
  const guarded = [...found.name.split('/'), ...relative(found.root, found.real).split(sep)].find(isGuarded);
  if (guarded !== undefined)
    throw new PathRefused(`${path} is inside ${guarded}, which tools do not change.`);
  return found;
}

/** Opens a regular file for reading; a pipe or a device is refused, not waited for. */
export async function openRegular(path: ProjectPath): Promise<FileHandle> {
  const file = await openForReading(path);
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new PathRefused(`${path.name} is a directory; use list_files.`);
    if (!stat.isFile()) throw new PathRefused(`${path.name} is not a regular file.`);
    await assertInside(path, file);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Looks where an opened file or directory really is, so that a swap after `findPath` is seen. Linux can tell. */
export async function assertInside(path: ProjectPath, file: FileHandle): Promise<void> {
  const real = await readlink(`/proc/self/fd/${file.fd}`).catch(() => null);
  if (real === null) return;
  const place = relative(path.root, real);
  if (isOutside(place)) throw new PathRefused(`${path.name} leads outside the project through a link.`);
}

async function openForReading(path: ProjectPath): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return await open(path.real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw asRefusal(error, path.name);
  }
}

const refusals: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'lies under something that is not a directory',
  EACCES: 'may not be read or written',
  EPERM: 'may not be read or written',
  EISDIR: 'is a directory',
  ELOOP: 'is a link that leads nowhere',
  ENXIO: 'is not a regular file',
  ENAMETOOLONG: 'has too long a name',
  EROFS: 'is on a file system that is read only',
};

/** What the model can do something about becomes a refusal; anything else stays an error. */
export function asRefusal(error: unknown, name: string): unknown {
  const code = errorCode(error);
  const words = code === null ? undefined : refusals[code];
  return words === undefined ? error : new PathRefused(`${name} ${words}.`);
}

export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function fromAbsolute(path: string, roots: readonly string[]): string {
  const inside = roots.map((root) => relative(root, path)).find((name) => !isOutside(name));
  if (inside === undefined) throw new PathRefused(`${path} is outside the project.`);
  return inside;
}

function isOutside(name: string): boolean {
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name);
}

/** The real path of what exists of it, and the rest as it stands. A link without a target is refused. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ELOOP') throw new PathRefused(`${path} is a link that leads nowhere.`);
    if (code !== 'ENOENT') throw asRefusal(error, path);
    const isLink = await lstat(path).then(
      () => true,
      () => false,
    );
    if (isLink) throw new PathRefused(`${path} is a link that leads nowhere.`);
    return join(await realOf(dirname(path)), path.slice(dirname(path).length).replace(/^[/\\]/, ''));
  }
}

/** File systems take `.GIT`, `.git.`, `git~1` and a `.git` with invisible characters for `.git`, some of them. */
function isGuarded(part: string): boolean {
  const plain = part
    .normalize('NFKC')
    .replaceAll(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '')
    .replace(/[. ]+$/, '')
    .replace(/:.*$/s, '')
    .toLowerCase();
  return plain === '.git' || plain === 'git~1' || plain === '.codeframe';
}
