import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Merge, MergedFile } from '../../agent/worktree.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import type { CapturedGit } from '../../checkpoint/user-git.ts';
import { captureGit } from './capture-git.ts';
import type { UserRepository } from './find-repository.ts';
import { asInput, author, git, headOf, leadsTo, paths } from './worktree-git.ts';

interface Merging {
  readonly project: UserRepository;
  /** The commit that is merged. */
  readonly commit: string;
  readonly by: { readonly agent: string; readonly message: string };
}

/** Merges a commit with the project's, in git's objects only, and says how the project would be with it. */
export async function mergeCommit(merging: Merging): Promise<Merge> {
  const { project, commit } = merging;
  const captured = await captureGit(project);
  const head = await headOf(project);
  if (head === null) return impossible('the project has no commit');
  if (await leadsTo(project, commit, head)) return { kind: 'nothing' };
  const { branch } = captured;
  if (branch === null) return impossible('the project is on no branch (its HEAD is detached)');
  if (captured.operation !== null) return impossible(`a ${captured.operation} is in progress in the project`);
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', head, commit];
  const merged = await git(project, args, { codes: [0, 1] });
  const [tree = '', ...conflicts] = paths(merged);
  if (merged.code === 1)
    return { kind: 'conflict', into: branch, paths: conflicts.filter((path) => path !== '') };
  const made = await commitTree(merging, { tree, head });
  return describe({ project, captured, into: branch, head, made });
}

function impossible(problem: string): Merge {
  return { kind: 'impossible', problem };
}

async function commitTree(
  { project, commit, by }: Merging,
  at: { readonly tree: string; readonly head: string },
): Promise<string> {
  const args = ['commit-tree', at.tree, '-p', at.head, '-p', commit];
  const made = await git(project, args, { env: author(by.agent), input: `${by.message}\n` });
  return made.stdout.toString('latin1').trim();
}

interface Described {
  readonly project: UserRepository;
  readonly captured: CapturedGit;
  readonly into: string;
  readonly head: string;
  readonly made: string;
}

async function describe(described: Described): Promise<Merge> {
  const { project, captured, into, head, made } = described;
  const changes = await listChanges(project, head, made);
  const modules = changes.filter(({ from, to }) => from === '160000' || to === '160000');
  if (modules.length > 0) return impossible(`it changes the submodule ${showPath(modules[0]?.path ?? '')}`);
  const hidden = await notWatched(
    project,
    changes.map(({ path }) => path),
  );
  if (hidden !== undefined)
    return impossible(`git is told not to look at ${showPath(hidden)} in the project`);
  const scratch = mkdtempSync(join(tmpdir(), 'codeframe-merge-'));
  try {
    const files = await checkOut(project, { made, changes, scratch });
    const index = await changeIndex(project, { captured, changes, scratch });
    return {
      kind: 'merged',
      into,
      commit: made,
      files,
      from: captured,
      wanted: moved(captured, { into, made, index }),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Change {
  readonly path: TreePath;
  /** Modes as git has them; `000000`: no such file. */
  readonly from: string;
  readonly to: string;
  readonly object: string;
}

async function listChanges(project: UserRepository, from: string, to: string): Promise<readonly Change[]> {
  const output = await git(project, [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    '--full-index',
    from,
    to,
  ]);
  const fields = paths(output);
  const changes: Change[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [, before = '', after = '', object = ''] =
      /^:(\d+) (\d+) [0-9a-f]+ ([0-9a-f]+) [A-Z]$/.exec(fields[i] ?? '') ?? [];
    changes.push({ path: fields[i + 1] ?? '', from: before, to: after, object });
  }
  return changes;
}

/** The first of the paths whose index entry says `skip-worktree` or `assume-unchanged`: what is on disk there is not told. */
async function notWatched(project: UserRepository, list: readonly TreePath[]): Promise<TreePath | undefined> {
  const touched = new Set(list);
  const entries = paths(await git(project, ['ls-files', '-z', '-v', '--cached']));
  return entries.find((entry) => /^[a-zS] /.test(entry) && touched.has(entry.slice(2)))?.slice(2);
}

/** The files as they are to be on disk, with what the user's settings make of them (line ends, filters). */
async function checkOut(
  project: UserRepository,
  of: { readonly made: string; readonly changes: readonly Change[]; readonly scratch: string },
): Promise<readonly MergedFile[]> {
  const { made, changes, scratch } = of;
  const place = join(scratch, 'files');
  const env = { GIT_INDEX_FILE: join(scratch, 'merged-index') };
  await git(project, ['read-tree', made], { env });
  const there = changes.filter(({ to }) => to !== '000000').map(({ path }) => path);
  const args = ['checkout-index', '-z', '--stdin', `--prefix=${place}/`];
  await git(project, args, { env, input: asInput(there) });
  return changes.map(({ path, to }) => {
    if (to === '000000') return { kind: 'gone', path };
    const raw = Buffer.concat([Buffer.from(`${place}/`), Buffer.from(path, 'latin1')]);
    const stats = lstatSync(raw);
    if (stats.isSymbolicLink())
      return { kind: 'link', path, target: readlinkSync(raw, { encoding: 'latin1' }) };
    return { kind: 'file', path, mode: stats.mode & 0o777, bytes: readFileSync(raw) };
  });
}

/** The project's index with the files of the merge, everything else in it as it is. */
async function changeIndex(
  project: UserRepository,
  of: { readonly captured: CapturedGit; readonly changes: readonly Change[]; readonly scratch: string },
): Promise<Uint8Array> {
  const place = join(of.scratch, 'index');
  const present = of.captured.parts.find(({ path }) => path === 'git/index');
  if (present !== undefined) writeFileSync(place, present.bytes);
  const lines = of.changes.map(({ to, object, path }) =>
    Buffer.from(
      to === '000000' ? `0 ${'0'.repeat(object.length)}\t${path}\0` : `${to} ${object}\t${path}\0`,
      'latin1',
    ),
  );
  // Those that go first: a file may give way to a directory of its name.
  const sorted = [...lines.filter((one) => one[0] === 0x30), ...lines.filter((one) => one[0] !== 0x30)];
  const env = { GIT_INDEX_FILE: place };
  await git(project, ['-c', 'core.splitIndex=false', 'update-index', '-z', '--index-info'], {
    env,
    input: Buffer.concat(sorted),
  });
  return readFileSync(place);
}

/** The repository as it is, but for the branch and the index. */
function moved(
  captured: CapturedGit,
  to: { readonly into: string; readonly made: string; readonly index: Uint8Array },
): CapturedGit {
  const refs = captured.parts.find(({ path }) => path === 'git/refs.ndjson');
  const lines = Buffer.from(refs?.bytes ?? [])
    .toString('utf8')
    .split('\n')
    .filter((one) => one !== '');
  const changed = lines.map((one) => {
    const ref = JSON.parse(one) as { readonly name: string };
    return JSON.stringify(ref.name === `refs/heads/${to.into}` ? { ...ref, object: to.made } : ref);
  });
  const others = captured.parts.filter(({ path }) => !['git/index', 'git/refs.ndjson'].includes(path));
  return {
    ...captured,
    head: to.made,
    parts: [
      ...others,
      { path: 'git/index', bytes: to.index },
      { path: 'git/refs.ndjson', bytes: Buffer.from(changed.map((one) => `${one}\n`).join('')) },
    ],
  };
}
