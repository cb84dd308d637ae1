import { existsSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markerVariable } from '../../agent/processes.ts';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { UserRepository } from './find-repository.ts';
import {
  above,
  inTheWay,
  kindOf,
  listRefreshed,
  lookAtRefreshed,
  onDisk,
  withIndex,
  type RefreshedFile,
} from './refreshed-files.ts';
import { syncPath } from './synced-file.ts';
import { asInput, git, headOf, leadsTo, line, paths } from './worktree-git.ts';

/** In git's directory of the worktree while a refresh is under way: the commit before and the one after. */
const markerName = 'codeframe-refresh';

interface Refresh {
  readonly linked: UserRepository;
  readonly from: string;
  readonly to: string;
  /** For each git that changes files. */
  readonly env: NodeJS.ProcessEnv;
}

/** What a killed `refreshWorktree` had begun stays as it is. */
export function dropRefresh(linked: UserRepository): void {
  rmSync(join(linked.gitDir, markerName), { force: true });
}

/** Brings a worktree in which nothing of its own is to a commit that has all of it. */
export async function refreshWorktree(
  linked: UserRepository,
  wanted: { readonly branch: string; readonly commit: string | null; readonly marker: string },
): Promise<void> {
  const { branch, commit: to, marker } = wanted;
  if ((await line(linked, ['symbolic-ref', '--quiet', 'HEAD'])) !== `refs/heads/${branch}`) return;
  const from = await headOf(linked);
  if (from === null || to === null || from === to) return;
  const status = await git(linked, ['status', '--porcelain', '-z', '--untracked-files=all']);
  if (status.stdout.length > 0 || !(await leadsTo(linked, from, to))) return;
  const refresh = { linked, from, to, env: { [markerVariable]: marker } };
  if (await hidesIgnored(refresh)) return;
  writeFileSync(join(linked.gitDir, markerName), `${from} ${to}\n`, { mode: 0o600, flush: true });
  syncPath(linked.gitDir);
  await finish(refresh);
  dropRefresh(linked);
}

/** Whether something that git ignores stands where the commit has new files: it would be overwritten. */
async function hidesIgnored({ linked, from, to }: Refresh): Promise<boolean> {
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--name-only', '--diff-filter=A', from, to];
  return paths(await git(linked, args)).some((path) => existsSync(onDisk(linked, path)));
}

async function finish({ linked, to, env }: Refresh): Promise<void> {
  await git(linked, ['reset', '--quiet', '--hard', to], { env });
}

/**
 * Ends a refresh that was killed, when no git is at work in the worktree any more: finished where nothing else has happened
 * there since, else taken back file by file. What somebody has changed, staged or committed since stays as it is.
 */
export async function endRefresh(linked: UserRepository, marker: string): Promise<void> {
  const place = join(linked.gitDir, markerName);
  if (!existsSync(place)) return;
  // One without its end was being written, and nothing was done yet.
  const [, from, to] = /^([0-9a-f]+) ([0-9a-f]+)\n$/.exec(readFileSync(place, 'latin1')) ?? [];
  if (from !== undefined && to !== undefined)
    await end({ linked, from, to, env: { [markerVariable]: marker } });
  dropRefresh(linked);
}

async function end(refresh: Refresh): Promise<void> {
  const { linked, from, to, env } = refresh;
  // Done, or somebody has committed what was there, or has gone elsewhere.
  if ((await headOf(linked)) !== from) return;
  // Times alone are no change.
  await git(linked, ['update-index', '-q', '--refresh'], { codes: [0, 1] });
  const files = await listRefreshed(linked, from, to);
  const own = new Set(files.map(({ path }) => path));
  // git writes the index when all files are there, and moves the branch last.
  const unstaged = await differing(linked, ['diff-index', '--cached', to]);
  if (!unstaged.some((path) => own.has(path))) {
    await git(linked, ['update-ref', '-m', 'codeframe: refresh', 'HEAD', to, from], { env });
    return;
  }
  const staged = new Set(await differing(linked, ['diff-index', '--cached', from]));
  const edited = (await differing(linked, ['diff-files'])).filter((path) => !own.has(path));
  const { begun, others } = await lookAtRefreshed(linked, files);
  if (staged.size + edited.length + others.length === 0) await finish(refresh);
  else
    await takeBack(
      refresh,
      begun.filter(({ path }) => !staged.has(path)),
    );
}

async function differing(
  linked: UserRepository,
  [command = '', ...args]: readonly string[],
): Promise<readonly string[]> {
  return paths(await git(linked, [command, '-z', '--name-only', '--no-renames', '--no-ext-diff', ...args]));
}

/** New files go, with the directories that are empty then; the others come back as they were. */
async function takeBack({ linked, env }: Refresh, begun: readonly RefreshedFile[]): Promise<void> {
  for (const { path } of begun.filter(({ from }) => from === null)) {
    if (kindOf(linked, path) === 'file') rmSync(onDisk(linked, path));
    removeEmpty(linked, path);
  }
  // git would take away what is in the way.
  const hasRoom = ({ path }: RefreshedFile): boolean =>
    kindOf(linked, path) !== 'directory' && inTheWay(linked, path) === undefined;
  const back = begun.filter((file) => file.from !== null && hasRoom(file));
  await withIndex(
    linked,
    back.flatMap(({ from }) => from ?? []),
    (index) =>
      git(linked, ['checkout-index', '--force', '-z', '--stdin'], {
        env: { ...env, ...index },
        input: asInput(back.map(({ path }) => path)),
      }),
  );
}

function removeEmpty(linked: UserRepository, path: TreePath): void {
  for (const directory of above(path)) {
    try {
      rmdirSync(onDisk(linked, directory));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(code)) throw error;
      if (code !== 'ENOENT') return;
    }
  }
}
