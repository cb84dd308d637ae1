import { nameOfPart } from '../../checkpoint/part-name.ts';
import type { CapturedGit } from '../../checkpoint/user-git.ts';

/** What a capture says of a repository, as far as it can be put back. */
export interface GitState {
  /** As `.git/HEAD` says it: `ref: refs/heads/main`, or a commit; empty for no repository. */
  readonly head: string;
  readonly headCommit: string | null;
  readonly operation: string | null;
  readonly refs: ReadonlyMap<string, string>;
  /** Names of refs that only lead to another ref. */
  readonly symbolic: ReadonlySet<string>;
  readonly index: Buffer | null;
  /** The files of an operation in progress and the like, by their path from git's directory. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** HEAD and refs are moved through git, the index has a lock; the excludes are the user's settings. */
const otherwise = new Set(['HEAD', 'index', 'refs.ndjson', 'info/exclude']);

export function stateOf(captured: CapturedGit): GitState {
  const parts = new Map(captured.parts.map(({ path, bytes }) => [nameOf(path), Buffer.from(bytes)]));
  const lines = (parts.get('refs.ndjson')?.toString('utf8') ?? '').split('\n').filter((line) => line !== '');
  const refs = lines.map(
    (line) => JSON.parse(line) as { name: string; object: string; symref: string | null },
  );
  return {
    head: captured.branch === null ? (captured.head ?? '') : `ref: ${fullName(captured.branch)}`,
    headCommit: captured.head,
    operation: captured.operation,
    refs: new Map(refs.map(({ name, object }) => [name, object])),
    symbolic: new Set(refs.filter(({ symref }) => symref !== null).map(({ name }) => name)),
    index: parts.get('index') ?? null,
    files: new Map([...parts].filter(([name]) => !otherwise.has(name))),
  };
}

/** The refs that HEAD and the operation in progress work with. */
export function neededRefs(state: GitState): readonly string[] {
  const branch = /^ref: (.+)$/.exec(state.head)?.[1];
  const operations = ['rebase-merge/head-name', 'rebase-apply/head-name'].map((file) => textOf(state, file));
  const updated = (textOf(state, 'rebase-merge/update-refs') ?? '').split('\n');
  const named = [branch, ...operations, ...updated].filter((name) => name?.startsWith('refs/') === true);
  return [...new Set([...(named as string[]), ...ownRefs(state)])];
}

/** The refs of this working tree alone: a bisect's, a rebase's. */
export function ownRefs({ refs }: GitState): readonly string[] {
  return [...refs.keys()].filter((name) => /^refs\/(bisect|rewritten|worktree)\//.test(name));
}

const operationFiles = ['onto', 'orig-head', 'stopped-sha', 'autostash'] as const;
const commitFiles = [
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'MERGE_AUTOSTASH',
  ...(['rebase-merge', 'rebase-apply'] as const).flatMap((name) =>
    operationFiles.map((file) => `${name}/${file}`),
  ),
];

/** Commits that files of the operation name, without which it cannot go on. */
export function namedCommits(state: Pick<GitState, 'files'>): readonly string[] {
  const lines = commitFiles.flatMap((file) => (textOf(state, file) ?? '').split('\n'));
  return [...new Set(lines.filter((line) => /^[0-9a-f]{40,64}$/.test(line)))];
}

function textOf({ files }: Pick<GitState, 'files'>, name: string): string | undefined {
  return files.get(name)?.toString('utf8').trim();
}

function fullName(branch: string): string {
  return branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
}

function nameOf(part: string): string {
  return part
    .replace(/^git\//, '')
    .split('/')
    .map(nameOfPart)
    .join('/');
}
