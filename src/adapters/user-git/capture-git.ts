import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import { gitOperationDirectories, gitTopFiles } from '../../checkpoint/git-parts.ts';
import { partName } from '../../checkpoint/part-name.ts';
import type { CapturedGit } from '../../checkpoint/user-git.ts';
import { CodeframeError } from '../../failure.ts';
import { MadeOfIndex } from './file-signatures.ts';
import type { UserRepository } from './find-repository.ts';
import { listRefs, type Ref } from './list-refs.ts';
import { runInRepository } from './repository-git.ts';

/** HEAD, index, refs and the operation in progress of a repository, read without a lock. */
export async function captureGit(
  repository: UserRepository,
  index: MadeOfIndex<readonly PartDraft[]> = new MadeOfIndex(),
): Promise<CapturedGit> {
  const asked = listRefs(repository);
  const files = await stateFiles(repository, index);
  const refs = await asked;
  const { branch, head } = await readHead(repository, refs);
  const lines = refs.map((ref) => `${JSON.stringify(ref)}\n`);
  return {
    head,
    branch,
    operation: operationOf(files.map((file) => file.path)),
    parts: [...files, { path: 'git/refs.ndjson', bytes: Buffer.from(lines.join('')) }],
  };
}

async function readHead(
  repository: UserRepository,
  refs: readonly Ref[],
): Promise<{ readonly branch: string | null; readonly head: string | null }> {
  const text = readFileSync(join(repository.gitDir, 'HEAD'), 'utf8').trim();
  // What the reftable format leaves in the file for programs that look there.
  if (text === 'ref: refs/heads/.invalid') return askHead(repository);
  if (!text.startsWith('ref: ')) return { branch: null, head: text };
  const name = text.slice('ref: '.length).trim();
  return { branch: shortBranch(name), head: refs.find((ref) => ref.name === name)?.object ?? null };
}

async function askHead(
  repository: UserRepository,
): Promise<{ readonly branch: string | null; readonly head: string | null }> {
  const symbolic = await runInRepository(repository, ['symbolic-ref', '-q', 'HEAD']);
  const name = symbolic.stdout.toString('utf8').trim();
  return { branch: name === '' ? null : shortBranch(name), head: await headCommit(repository) };
}

/** The commit that HEAD names; null on a branch without one. */
export async function headCommit(repository: UserRepository): Promise<string | null> {
  const output = await runInRepository(repository, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  return output.code === 0 ? output.stdout.toString('utf8').trim() : null;
}

function shortBranch(name: string): string {
  return name.replace(/^refs\/heads\//, '');
}

async function stateFiles(
  repository: UserRepository,
  index: MadeOfIndex<readonly PartDraft[]>,
): Promise<PartDraft[]> {
  const top = readdirSync(repository.gitDir).filter((name) => gitTopFiles.test(name));
  const below = gitOperationDirectories.flatMap((name) => filesBelow(repository.gitDir, name));
  const asked = [...top, ...below, 'info/sparse-checkout'].map(async (path) => {
    const read = (): readonly PartDraft[] => readPart(repository.gitDir, path);
    return path === 'index' ? index.get(repository, '', read) : read();
  });
  const own = await Promise.all(asked);
  return [...own, readPart(repository.commonDir, 'info/exclude')].flat();
}

function filesBelow(gitDir: string, directory: string): string[] {
  const entries = unlessGone(() => readdirSync(join(gitDir, directory), { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(gitDir, path);
    return entry.isFile() ? [path] : [];
  });
}

function readPart(directory: string, path: string): PartDraft[] {
  const bytes = unlessGone(() => readFileSync(join(directory, path)));
  return bytes === undefined ? [] : [{ path: `git/${path.split('/').map(partName).join('/')}`, bytes }];
}

/** git replaces these files by rename: each is there whole, or not at all. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '', path = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)) return undefined;
    if (!['EACCES', 'EPERM'].includes(code)) throw error;
    throw new CodeframeError({ code: 'no-permission', path, doing: 'read the repository' }, { cause: error });
  }
}

const operations: readonly (readonly [string, string])[] = [
  ['git/rebase-apply/applying', 'am'],
  ['git/rebase-apply/', 'rebase'],
  ['git/rebase-merge/', 'rebase'],
  ['git/MERGE_HEAD', 'merge'],
  ['git/CHERRY_PICK_HEAD', 'cherry-pick'],
  ['git/REVERT_HEAD', 'revert'],
  ['git/sequencer/', 'cherry-pick'],
  ['git/BISECT_LOG', 'bisect'],
];

function operationOf(paths: readonly string[]): string | null {
  const found = operations.find(([start]) => paths.some((path) => path.startsWith(start)));
  return found?.[1] ?? null;
}
