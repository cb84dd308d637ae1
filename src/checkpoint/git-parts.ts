import { CodeframeError } from '../failure.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { nameOfPart, partName } from './part-name.ts';
import type { CapturedGit } from './user-git.ts';

/** Files of a git directory's top that a checkpoint keeps: HEAD, the index, those of an operation in progress. */
export const gitTopFiles =
  /^(HEAD|index|MERGE_HEAD|MERGE_MSG|MERGE_MODE|MERGE_RR|MERGE_AUTOSTASH|CHERRY_PICK_HEAD|REVERT_HEAD|REBASE_HEAD|ORIG_HEAD|AUTO_MERGE|SQUASH_MSG|BISECT_\w+|sharedindex\.[0-9a-f]+)$/;

/** Directories of operations in progress, of which it keeps all that is in them. */
export const gitOperationDirectories = ['rebase-merge', 'rebase-apply', 'sequencer'] as const;

const gitOtherFiles = ['info/sparse-checkout', 'info/exclude', 'refs.ndjson'] as const;

/**
 * What a checkpoint has of the repository; null when it was made in none. Throws `corrupt-checkpoint` with the part named
 * for what no capture can have written: names become paths and arguments of git, and a foreign checkpoint can say anything.
 */
export async function capturedGit(stored: StoredCheckpoint): Promise<CapturedGit | null> {
  const { git } = stored.manifest;
  if (git === null) return null;
  const paths = await stored.partPaths('git/');
  const parts = await Promise.all(paths.map(async (path) => ({ path, bytes: await stored.part(path) })));
  checkGitParts(stored, parts, '');
  return { ...git, parts };
}

/** Throws as `capturedGit` does for parts `git/…`; `place`: what stands before their names in the checkpoint. */
export function checkGitParts(stored: StoredCheckpoint, parts: CapturedGit['parts'], place: string): void {
  const strange = parts.find(({ path }) => !isGitPart(path));
  if (strange !== undefined)
    throw corrupt(stored, `${place}${strange.path}`, 'it is no file that a checkpoint keeps of git');
  checkRefs(stored, parts, place);
}

/** Whether git can take it for the name of a ref: it is an argument of commands and becomes a path. */
export function isRefName(name: string): boolean {
  const isStep = (step: string): boolean => step !== '' && !step.startsWith('.') && !step.endsWith('.lock');
  const isStrange = /[\0-\x20\x7f~^:?*[\\]|\.\.|@\{/.test(name);
  return name.startsWith('refs/') && !isStrange && name.split('/').every(isStep);
}

function isGitPart(path: string): boolean {
  const [, ...steps] = path.split('/');
  const names = steps.map(nameOfPart);
  // Written otherwise than a capture would, two parts could be one file.
  if (names.some((name, index) => !isFileName(name) || partName(name) !== steps[index])) return false;
  const name = names.join('/');
  if (names.length === 1 && gitTopFiles.test(name)) return true;
  if ((gitOtherFiles as readonly string[]).includes(name)) return true;
  return names.length > 1 && (gitOperationDirectories as readonly string[]).includes(names[0] ?? '');
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
}

function checkRefs(stored: StoredCheckpoint, parts: CapturedGit['parts'], place: string): void {
  const part = parts.find(({ path }) => path === 'git/refs.ndjson');
  if (part === undefined) return;
  const lines = Buffer.from(part.bytes).toString('utf8').split('\n');
  if (lines.every((line) => line === '' || isRefLine(line))) return;
  throw corrupt(stored, `${place}${part.path}`, 'one of its lines is no ref');
}

function isRefLine(line: string): boolean {
  const ref = parseJson(line) as { name?: unknown; object?: unknown; symref?: unknown } | null | undefined;
  if (typeof ref !== 'object' || ref === null) return false;
  const { name, object, symref } = ref;
  const leads = symref === null || typeof symref === 'string';
  return typeof name === 'string' && typeof object === 'string' && isObject(object) && leads;
}

/** A full id of git's, of either hash. */
export function isObject(text: string): boolean {
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function corrupt({ id }: StoredCheckpoint, part: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-checkpoint', id, part, problem });
}
