import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isObject, isRefName } from '../../checkpoint/git-parts.ts';
import type { GitPlan } from '../../checkpoint/git-rewinder.ts';
import type { UserRepository } from './find-repository.ts';
import { namedCommits, neededRefs, ownRefs, type GitState } from './git-state.ts';
import { runInRepository } from './repository-git.ts';
import { isSameBytes } from './synced-file.ts';

type Problem = GitPlan['problems'][number];

/** The way from one state of a repository to another. Reads only. `also`: refs to bring back besides. */
export async function planRewind(
  repository: UserRepository,
  states: { readonly present: GitState; readonly wanted: GitState; readonly also: readonly string[] },
): Promise<GitPlan> {
  const { present, wanted } = states;
  const names = new Set([...neededRefs(wanted), ...ownRefs(present), ...states.also]);
  names.delete('HEAD');
  const refs = [...names].toSorted().flatMap((name) => movedRef(name, present, wanted));
  const files = changedFiles(present, wanted);
  const index = await compareIndexes(repository, present.index, wanted.index);
  const head = { from: present.head, to: wanted.head };
  const absent = await absentObjects(repository, [...index.added, ...neededObjects(refs, wanted)]);
  const missing = index.added.filter((object) => absent.has(object));
  const plan = {
    head,
    refs,
    losing: await losing(repository, { present, wanted, refs }),
    index: index.differ,
    files,
    operation: { from: present.operation, to: wanted.operation },
    missing,
    problems: [
      ...index.problems,
      ...lostProblems([...absent].filter((object) => !missing.includes(object))),
      ...nameProblems(wanted, [...names]),
      ...linkProblems(repository, files),
      ...clashProblems(present, refs),
      ...(await placeProblems(repository, [...names])),
      ...[...names].filter((name) => present.symbolic.has(name)).map(symbolicProblem),
    ],
  };
  return { ...plan, digest: digestOf({ ...plan, states, index }) };
}

function movedRef(name: string, present: GitState, wanted: GitState): GitPlan['refs'] {
  const from = present.refs.get(name) ?? null;
  const to = wanted.refs.get(name) ?? null;
  return from === to ? [] : [{ name, from, to }];
}

function changedFiles(present: GitState, wanted: GitState): readonly string[] {
  const names = new Set([...present.files.keys(), ...wanted.files.keys()]);
  const isSame = (name: string): boolean =>
    isSameBytes(present.files.get(name) ?? null, wanted.files.get(name) ?? null);
  // A shared index is one that other indexes lean on: it is added, never taken away.
  const stays = (name: string): boolean => name.startsWith('sharedindex.') && !wanted.files.has(name);
  return [...names].filter((name) => !isSame(name) && !stays(name)).toSorted();
}

interface ComparedIndexes {
  readonly differ: boolean;
  /** The files that only the wanted one names. */
  readonly added: readonly string[];
  readonly problems: readonly Problem[];
  readonly digests: readonly (string | null)[];
}

/** By what they say of each path, not by the times in them: every `git status` writes those anew. */
async function compareIndexes(
  repository: UserRepository,
  present: Buffer | null,
  wanted: Buffer | null,
): Promise<ComparedIndexes> {
  const digests = [present, wanted].map((bytes) => bytes && hashOf(bytes));
  if (digests[0] === digests[1]) return { differ: false, added: [], problems: [], digests };
  const [from, to] = await Promise.all([present, wanted].map((bytes) => listIndex(repository, bytes)));
  if (to === undefined) {
    const problems = [{ path: '.git/index', problem: 'the index of the checkpoint cannot be read' }];
    return { differ: true, added: [], problems, digests };
  }
  const known = blobsOf(from ?? '');
  const added = [...blobsOf(to)].filter((object) => !known.has(object));
  const said = [from === undefined ? (digests[0] ?? null) : hashOf(from), hashOf(to)];
  return { differ: said[0] !== said[1], added, problems: [], digests: said };
}

/** What an index says of each path, with its flags; undefined when git cannot read it. */
async function listIndex(repository: UserRepository, bytes: Buffer | null): Promise<string | undefined> {
  if (bytes === null) return '';
  const place = mkdtempSync(join(tmpdir(), 'codeframe-index-'));
  try {
    const file = join(place, 'index');
    writeFileSync(file, bytes, { mode: 0o600 });
    const args = ['ls-files', '--stage', '-v', '--debug'];
    const output = await runInRepository(repository, args, { env: { GIT_INDEX_FILE: file } });
    if (output.code !== 0) return undefined;
    return output.stdout.toString('latin1').replace(/^ {2}(ctime|mtime|dev|uid):.*\n|^ {2}size: \d+\t/gm, '');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The files' objects; a submodule's commit is in another repository. */
function blobsOf(listing: string): ReadonlySet<string> {
  const found = listing.matchAll(/^\S (?:100\d{3}|120000) ([0-9a-f]+) \d\t/gm);
  return new Set([...found].map(([, object]) => object ?? ''));
}

function neededObjects(refs: GitPlan['refs'], wanted: GitState): readonly string[] {
  const moved = refs.flatMap(({ to }) => (to === null ? [] : [to]));
  // Without an operation they are left over from one, and nothing kept them alive.
  const named = wanted.operation === null ? [] : namedCommits(wanted);
  return [...moved, ...(wanted.headCommit === null ? [] : [wanted.headCommit]), ...named];
}

async function absentObjects(
  repository: UserRepository,
  objects: readonly string[],
): Promise<ReadonlySet<string>> {
  if (objects.length === 0) return new Set();
  const input = `${[...new Set(objects)].join('\n')}\n`;
  const output = await runInRepository(repository, ['cat-file', '--batch-check=%(objectname)'], { input });
  const lines = output.stdout.toString('latin1').split('\n');
  return new Set(lines.flatMap((line) => /^([0-9a-f]+) missing$/.exec(line)?.[1] ?? []));
}

/** Of each ref that moves, and of a HEAD on no branch: whether what it led to is not behind what is to be there. */
async function losing(
  repository: UserRepository,
  moving: { readonly present: GitState; readonly wanted: GitState; readonly refs: GitPlan['refs'] },
): Promise<GitPlan['losing']> {
  const { present, wanted, refs } = moving;
  const leaves = !present.head.startsWith('ref: ') && present.head !== wanted.head && present.head !== '';
  const left = [
    ...refs.flatMap(({ name, from, to }) => (from === null ? [] : [{ name, object: from, to }])),
    ...(leaves ? [{ name: 'HEAD', object: present.head, to: wanted.headCommit }] : []),
  ];
  const counted = left.map(async ({ name, object, to }) => ({
    name,
    object,
    commits: await commitsBetween(repository, to, object),
  }));
  return (await Promise.all(counted)).filter(({ commits }) => commits > 0);
}

async function commitsBetween(repository: UserRepository, to: string | null, from: string): Promise<number> {
  const range = to === null ? [from] : [from, `^${to}`];
  const output = await runInRepository(repository, ['rev-list', '--count', ...range, '--']);
  // What cannot be counted, as where a commit is missing, is kept all the same.
  return output.code === 0 ? Number(output.stdout.toString('latin1').trim()) : 1;
}

function lostProblems(objects: readonly string[]): readonly Problem[] {
  return objects.map((object) => ({
    path: '.git',
    problem: `the repository has lost the object ${object.slice(0, 12)} that it needs`,
  }));
}

/** A damaged repository can have been captured so, and a foreign checkpoint can say anything: git is told none of it. */
function nameProblems({ head }: GitState, names: readonly string[]): readonly Problem[] {
  const branch = /^ref: (.*)$/s.exec(head)?.[1];
  const isSound = branch === undefined ? isObject(head) : isRefName(branch);
  return [
    ...(isSound
      ? []
      : [{ path: '.git/HEAD', problem: 'that of the checkpoint names no branch and no commit' }]),
    ...names
      .filter((name) => !isRefName(name))
      .map((name) => ({ path: '.git', problem: `${JSON.stringify(name)} cannot be a ref` })),
  ];
}

/** A ref cannot be where others have a directory, nor in the place of one: `a` and `a/b`. */
function clashProblems({ refs }: GitState, moves: GitPlan['refs']): readonly Problem[] {
  const gone = new Set(moves.filter(({ to }) => to === null).map(({ name }) => name));
  const there = [...refs.keys()].filter((name) => !gone.has(name));
  return moves
    .filter(({ from, to }) => from === null && to !== null)
    .flatMap(({ name }) => {
      const other = there.find((one) => one.startsWith(`${name}/`) || name.startsWith(`${one}/`));
      return other === undefined ? [] : [{ path: `.git/${name}`, problem: `it cannot be beside ${other}` }];
    });
}

/** Nothing is written through a link: it can lead anywhere. */
function linkProblems({ gitDir }: UserRepository, files: readonly string[]): readonly Problem[] {
  const directories = new Set<string>();
  for (const file of files)
    for (let above = dirname(file); above !== '.'; above = dirname(above)) directories.add(above);
  return [...directories]
    .filter((path) => lstatSync(join(gitDir, path), { throwIfNoEntry: false })?.isSymbolicLink() === true)
    .map((path) => ({ path: `.git/${path}`, problem: 'it is a link, and leads elsewhere' }));
}

function symbolicProblem(name: string): Problem {
  return { path: `.git/${name}`, problem: 'it only leads to another ref' };
}

async function placeProblems(
  repository: UserRepository,
  names: readonly string[],
): Promise<readonly Problem[]> {
  const { prefix, workTree, gitDir, commonDir } = repository;
  const problems: Problem[] = [];
  if (prefix !== '') {
    problems.push({ path: '.git', problem: `the project is only a part of the repository at ${workTree}` });
  }
  if (existsSync(join(gitDir, 'reftable')) || existsSync(join(commonDir, 'reftable'))) {
    problems.push({
      path: '.git',
      problem: 'its refs are in the reftable format, which codeframe cannot move',
    });
  }
  for (const { name, path } of await elsewhere(repository, names)) {
    problems.push({ path: `.git/${name}`, problem: `it is checked out in ${path}` });
  }
  return problems;
}

/** The refs among these that other working trees of the repository have checked out. */
async function elsewhere(
  repository: UserRepository,
  names: readonly string[],
): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const branches = names.filter((name) => name.startsWith('refs/heads/'));
  if (branches.length === 0) return [];
  const format = '--format=%(refname)%00%(worktreepath)';
  const output = await runInRepository(repository, ['for-each-ref', format, ...branches]);
  const lines = output.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.flatMap((line) => {
    const [name = '', path = ''] = line.split('\0');
    return path === '' || isSamePlace(path, repository.workTree) ? [] : [{ name, path }];
  });
}

function isSamePlace(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    // A working tree that is gone: git holds its branch all the same.
    return false;
  }
}

function digestOf(
  plan: Omit<GitPlan, 'digest' | 'index'> & {
    readonly states: { readonly present: GitState; readonly wanted: GitState };
    readonly index: ComparedIndexes;
  },
): string {
  const { states, head, refs, files, index } = plan;
  const contents = files.map((name) =>
    [states.present, states.wanted].map((state) => hashOf(state.files.get(name) ?? '')),
  );
  return hashOf(JSON.stringify([head, refs, files, contents, index.differ ? index.digests : []]));
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
