import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { gitFailure, type GitOutput } from '../git-process.ts';
import type { UserRepository } from './find-repository.ts';
import { dropIndexLock } from './index-lock.ts';
import { moveInRepository, runInRepository } from './repository-git.ts';
import type { Rewind, RewoundFile } from './rewind-journal.ts';
import { isSameBytes, readOrNull, syncPath, writeSynced } from './synced-file.ts';

/** `to` goes on, `from` takes back. */
export type Direction = 'from' | 'to';

export interface RewindSite {
  /** Called before each change of the disk, with its name; tests end the process in it. */
  readonly onStep: (name: string) => void;
}

/**
 * Brings everything of a rewind to one of its two ends. What is there already is passed over, and what is neither old
 * nor new is somebody's later work: it stays, and is answered. So it does not matter how far another went.
 *
 * `isOpen`: false once another process ended the restore, because this one was stopped for too long. Then the move during
 * which that happened, which nobody else knows of, is taken back, and it throws.
 */
export async function moveAll(
  site: RewindSite,
  rewind: Rewind,
  how: { readonly direction: Direction; readonly isOpen?: () => boolean },
): Promise<readonly string[]> {
  const { direction, isOpen = () => true } = how;
  const left: string[] = [];
  for (const { name, move } of movesOf(site, rewind, direction)) {
    checkOpen(isOpen);
    const moved = await move(direction);
    if (!isOpen()) await move(direction === 'to' ? 'from' : 'to');
    checkOpen(isOpen);
    if (!moved) left.push(`.git/${name}`);
  }
  return left;
}

/** Throws when another process ended the restore. */
export function checkOpen(isOpen: () => boolean): void {
  if (!isOpen()) throw new Error('another process ended this restore');
}

interface Move {
  readonly name: string;
  /** Answers false where something is that is neither old nor new. */
  readonly move: (direction: Direction) => boolean | Promise<boolean>;
}

/** In their order. Refs go before others come: where one was, a directory of refs may have to be. */
function movesOf(site: RewindSite, rewind: Rewind, towards: Direction): readonly Move[] {
  const goes = rewind.refs.filter((ref) => ref[towards] === null);
  const comes = rewind.refs.filter((ref) => ref[towards] !== null);
  return [
    ...rewind.files.map((file) => ({
      name: file.path,
      move: (direction: Direction) => moveFile(site, rewind, { file, direction }),
    })),
    ...[...goes, ...comes].map((ref) => ({
      name: ref.name,
      move: (direction: Direction) => moveRef(site, rewind, { ref, direction }),
    })),
    { name: 'HEAD', move: (direction: Direction) => moveHead(site, rewind, direction) },
  ];
}

/** Keeps what would be lost; again, and nothing happens. Throws when another process ended the restore. */
export async function keepRefs(site: RewindSite, rewind: Rewind, isOpen: () => boolean): Promise<void> {
  for (const { name, object } of rewind.kept) {
    checkOpen(isOpen);
    site.onStep('keep-ref');
    await mustRun(rewind, ['update-ref', name, object]);
  }
}

export async function dropKeptRefs(site: RewindSite, rewind: Rewind): Promise<void> {
  for (const { name, object } of rewind.kept) {
    if ((await readRef(rewind, name)) !== object) continue;
    site.onStep('drop-kept-ref');
    await mustRun(rewind, ['update-ref', '-d', name, object]);
  }
}

/** Takes away what a kill can have left beside the files; gives the lock back. */
export function clearOwn(site: RewindSite, { gitDir, restoreId }: Rewind): void {
  site.onStep('unlock-index');
  rmSync(freshPath(gitDir, restoreId), { force: true });
  dropIndexLock(gitDir, restoreId);
}

/** What of a restore lies beside the files of git's while it is written. */
export function freshPath(gitDir: string, restoreId: string): string {
  return join(gitDir, `codeframe-${restoreId}`);
}

function repositoryOf(rewind: Rewind): UserRepository {
  const { gitDir, commonDir, workTree } = rewind;
  return { gitDir, commonDir, workTree, prefix: '' };
}

function moveFile(
  site: RewindSite,
  rewind: Rewind,
  { file, direction }: { readonly file: RewoundFile; readonly direction: Direction },
): boolean {
  const path = join(rewind.gitDir, file.path);
  const [goal, other] = direction === 'to' ? [file.to, file.from] : [file.from, file.to];
  const found = readOrNull(path);
  if (isSameBytes(found, goal)) return true;
  if (!isSameBytes(found, other)) return false;
  if (goal === null) removeFile(site, rewind.gitDir, file.path);
  else putFile(site, { path, bytes: goal, like: rewind, seconds: secondsFor(file, direction) });
  return true;
}

/**
 * git believes of an index what is older than the index itself. Files change in a restore and the index's own time
 * must not vouch for them: a new one is given a time before all files, and `git status` looks at each once.
 */
function secondsFor(file: RewoundFile, direction: Direction): number | null {
  if (file.path !== 'index') return null;
  return direction === 'to' ? 1 : file.fromSeconds;
}

function putFile(
  site: RewindSite,
  put: {
    readonly path: string;
    readonly bytes: Buffer;
    readonly like: Rewind;
    readonly seconds: number | null;
  },
): void {
  const { path, bytes, like, seconds } = put;
  site.onStep('put-git-file');
  const fresh = freshPath(like.gitDir, like.restoreId);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(fresh, { force: true });
  writeSynced(fresh, bytes);
  // As whatever is beside it: a repository can be shared by a group.
  chmodSync(fresh, statSync(join(like.gitDir, 'HEAD')).mode & 0o777);
  if (seconds !== null) utimesSync(fresh, seconds, seconds);
  renameSync(fresh, path);
  syncPath(dirname(path));
}

/** With the directories that it leaves empty: git takes `rebase-merge` for a rebase, whatever is in it. */
function removeFile(site: RewindSite, gitDir: string, name: string): void {
  site.onStep('remove-git-file');
  rmSync(join(gitDir, name), { force: true });
  let directory = dirname(name);
  for (; /^(rebase-merge|rebase-apply|sequencer)(\/|$)/.test(directory); directory = dirname(directory)) {
    try {
      rmdirSync(join(gitDir, directory));
    } catch {
      // Something is in it still.
      break;
    }
  }
  syncPath(join(gitDir, directory));
}

async function moveRef(
  site: RewindSite,
  rewind: Rewind,
  { ref, direction }: { readonly ref: Rewind['refs'][number]; readonly direction: Direction },
): Promise<boolean> {
  const [goal, other] = direction === 'to' ? [ref.to, ref.from] : [ref.from, ref.to];
  const found = await readRef(rewind, ref.name);
  if (found === goal) return true;
  if (found !== other) return false;
  site.onStep('move-ref');
  const message = ['-m', `codeframe: restore ${rewind.restoreId}`];
  const zero = '0'.repeat((goal ?? other ?? '').length);
  if (goal === null)
    await mustRun(rewind, ['update-ref', ...message, '--no-deref', '-d', ref.name, other ?? '']);
  else await mustRun(rewind, ['update-ref', ...message, '--no-deref', ref.name, goal, other ?? zero]);
  return true;
}

async function moveHead(site: RewindSite, rewind: Rewind, direction: Direction): Promise<boolean> {
  const { from, to } = rewind.head;
  const [goal, other] = direction === 'to' ? [to, from] : [from, to];
  const found = readOrNull(join(rewind.gitDir, 'HEAD'))?.toString('utf8').trim();
  if (found === goal) return true;
  if (found !== other) return false;
  site.onStep('move-head');
  const message = ['-m', `codeframe: restore ${rewind.restoreId}`];
  const branch = /^ref: (.+)$/.exec(goal)?.[1];
  const args =
    branch === undefined
      ? ['update-ref', ...message, '--no-deref', 'HEAD', goal]
      : ['symbolic-ref', ...message, 'HEAD', branch];
  await mustRun(rewind, args);
  return true;
}

async function readRef(rewind: Rewind, name: string): Promise<string | null> {
  // Not `rev-parse`, which for a ref that is not there tries others of a like name.
  const output = await runInRepository(repositoryOf(rewind), ['show-ref', '--verify', '--hash', name]);
  return output.code === 0 ? output.stdout.toString('latin1').trim() : null;
}

async function mustRun(rewind: Rewind, args: readonly string[]): Promise<void> {
  const output = await moveInRepository(repositoryOf(rewind), args);
  if (output.code !== 0)
    throw (
      lockFailure(output, rewind) ??
      spaceFailure(output, rewind) ??
      gitFailure(output, args[0] ?? '', rewind.gitDir)
    );
}

/** Of a ref that it could not write git does not say why. */
function spaceFailure({ stderr }: GitOutput, { gitDir }: Rewind): CodeframeError | undefined {
  if (!/couldn't write|unable to write/i.test(stderr)) return undefined;
  const { bavail, bsize } = statfsSync(gitDir);
  return bavail * bsize < 65_536 ? new CodeframeError({ code: 'no-space', path: gitDir }) : undefined;
}

/** Another git's lock: it was waited for, so whoever made it may be dead. */
function lockFailure({ stderr }: GitOutput, { gitDir, commonDir }: Rewind): CodeframeError | undefined {
  const lock = /Unable to create '(.+\.lock)': File exists/.exec(stderr)?.[1];
  if (lock === undefined) return undefined;
  const name = [gitDir, commonDir].map((dir) => relative(dir, lock)).find((one) => !one.startsWith('..'));
  const path = name === undefined ? lock : `.git/${name}`;
  const problem = 'another git works on it; if none does, remove this file';
  return new CodeframeError({ code: 'restore-blocked', problems: [{ path, problem }] });
}
