import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { UserRepository } from './find-repository.ts';
import { git, paths } from './worktree-git.ts';

/** A file in which two commits differ. */
export interface RefreshedFile {
  readonly path: TreePath;
  /** As an index has it, for `--index-info`; null: no such file. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Submodules are left out: nothing of them is on disk before somebody asks for it. */
export async function listRefreshed(
  linked: UserRepository,
  from: string,
  to: string,
): Promise<readonly RefreshedFile[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--full-index', from, to];
  const fields = paths(await git(linked, args));
  const files: RefreshedFile[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, before = '', after = '', one = '', other = ''] =
      /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) [A-Z]$/.exec(fields[at] ?? '') ?? [];
    const path = fields[at + 1] ?? '';
    if (before === '160000' || after === '160000') continue;
    files.push({ path, from: entryOf(before, one, path), to: entryOf(after, other, path) });
  }
  return files;
}

function entryOf(mode: string, object: string, path: TreePath): string | null {
  return mode === '000000' ? null : `${mode} ${object}\t${path}\0`;
}

/**
 * What is on disk of files that a killed git was bringing from one commit to another: `begun` is git's work, whole or cut
 * short (a file that is not there may be either's); `others` is what somebody else has put there.
 */
export async function lookAtRefreshed(
  linked: UserRepository,
  files: readonly RefreshedFile[],
): Promise<{ readonly begun: readonly RefreshedFile[]; readonly others: readonly RefreshedFile[] }> {
  const notOld = await unlike(linked, files, 'from');
  const notNew = await unlike(linked, files, 'to');
  const old = new Set(files.filter(({ from }) => from !== null).map(({ path }) => path));
  const begun: RefreshedFile[] = [];
  const others: RefreshedFile[] = [];
  for (const file of files) {
    const way = inTheWay(linked, file.path);
    if (way !== undefined && !old.has(way)) others.push(file);
    else if (!notOld.has(file.path)) continue;
    else if (!notNew.has(file.path) || (await isCut(linked, file))) begun.push(file);
    else others.push(file);
  }
  return { begun, others };
}

/** Those of the files that are not on disk as one of the commits has them. */
async function unlike(
  linked: UserRepository,
  files: readonly RefreshedFile[],
  end: 'from' | 'to',
): Promise<ReadonlySet<TreePath>> {
  const entries = files.flatMap((file) => file[end] ?? []);
  const differ = await withIndex(linked, entries, async (env) => {
    await git(linked, ['update-index', '-q', '--refresh'], { env, codes: [0, 1] });
    return paths(await git(linked, ['diff-files', '-z', '--name-only', '--no-ext-diff'], { env }));
  });
  const directories = new Set(files.flatMap(({ path }) => [...above(path)]));
  const wrongly = files.filter((file) => {
    if (file[end] !== null) return false;
    const kind = kindOf(linked, file.path);
    return kind === 'file' || (kind === 'directory' && !directories.has(file.path));
  });
  return new Set([...differ, ...wrongly.map(({ path }) => path)]);
}

/** Runs git on an index of its own that has these entries alone. */
export async function withIndex<T>(
  linked: UserRepository,
  entries: readonly string[],
  work: (env: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'codeframe-refresh-'));
  const env = { GIT_INDEX_FILE: join(scratch, 'index') };
  try {
    const input = Buffer.from(entries.join(''), 'latin1');
    await git(linked, ['update-index', '-z', '--index-info'], { env, input });
    return await work(env);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Whether it is not there, or is the beginning of what git was writing. */
async function isCut(linked: UserRepository, { path, to }: RefreshedFile): Promise<boolean> {
  const kind = kindOf(linked, path);
  if (kind !== 'file' || to === null) return kind === 'nothing';
  const place = onDisk(linked, path);
  if (!lstatSync(place).isFile()) return false;
  const object = to.slice(to.indexOf(' ') + 1, to.indexOf('\t'));
  const input = Buffer.from(`${object} ${path}\n`, 'latin1');
  const answer = await git(linked, ['cat-file', '--batch', '--filters'], { input });
  const whole = answer.stdout.subarray(answer.stdout.indexOf(0x0a) + 1, -1);
  const there = readFileSync(place);
  return there.length < whole.length && whole.subarray(0, there.length).equals(there);
}

/** The nearest path above it that is something else than a directory. */
export function inTheWay(linked: UserRepository, path: TreePath): TreePath | undefined {
  for (const one of above(path)) {
    const kind = kindOf(linked, one);
    if (kind !== 'nothing') return kind === 'directory' ? undefined : one;
  }
  return undefined;
}

/** The directories above a path, nearest first. */
export function* above(path: TreePath): Generator<TreePath> {
  for (let one = dirname(path); one !== '.'; one = dirname(one)) yield one;
}

/** Links are files here. */
export function kindOf(linked: UserRepository, path: TreePath): 'file' | 'directory' | 'nothing' {
  try {
    const stats = lstatSync(onDisk(linked, path), { throwIfNoEntry: false });
    if (stats === undefined) return 'nothing';
    return stats.isDirectory() ? 'directory' : 'file';
  } catch (error) {
    // Something above it is no directory.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'nothing';
    throw error;
  }
}

export function onDisk({ workTree }: UserRepository, path: TreePath): Buffer {
  return Buffer.concat([Buffer.from(`${workTree}/`), Buffer.from(path, 'latin1')]);
}
