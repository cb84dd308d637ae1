import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ProjectPath } from './project-path.ts';
import { asRefusal, assertInside, errorCode, PathRefused } from './project-path.ts';

/**
 * Puts a file's content in place by a rename, with its mode kept: whoever reads sees the old content or the new one.
 * Makes the directories above it. On Linux everything happens through the opened directory, so that a directory which
 * is swapped for a link meanwhile leads nowhere else.
 */
export async function writeAtomic(path: ProjectPath, content: string): Promise<void> {
  try {
    await mkdir(dirname(path.real), { recursive: true });
    const dir = await open(
      dirname(path.real),
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    try {
      await assertInside(path, dir);
      await replaceIn(
        process.platform === 'linux' ? `/proc/self/fd/${dir.fd}` : dirname(path.real),
        path,
        content,
      );
      await dir.sync();
    } finally {
      await dir.close();
    }
  } catch (error) {
    throw asRefusal(error, path.name);
  }
}

async function replaceIn(dir: string, path: ProjectPath, content: string): Promise<void> {
  const target = join(dir, basename(path.real));
  const mode = await modeOf(target, path.name);
  await sweepDead(dir);
  const temporary = join(dir, `.codeframe-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode ?? 0o666);
    await fill(file, content, mode);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function modeOf(target: string, name: string): Promise<number | null> {
  try {
    const stat = await lstat(target);
    if (!stat.isFile()) throw new PathRefused(`${name} is not a regular file.`);
    return stat.mode & 0o7777;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function fill(file: FileHandle, content: string, mode: number | null): Promise<void> {
  try {
    if (mode !== null) await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A run that was killed in the middle left its temporary file: the next write there takes it away. */
async function sweepDead(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const pid = /^\.codeframe-(\d+)-[0-9a-f]{12}\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dir, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
