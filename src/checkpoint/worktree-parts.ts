import type { AgentWorktrees, CapturedWorktree, WorktreeRow } from '../agent/worktree.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import type { CheckpointStore, PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { checkGitParts } from './git-parts.ts';
import { outer } from './joined-tree.ts';
import { partName } from './part-name.ts';
import type { CapturedGit } from './user-git.ts';

export interface WorktreePartPorts {
  readonly checkpoints: Pick<CheckpointStore, 'open'>;
  /** Left out where no agent has a worktree. */
  readonly worktrees?: AgentWorktrees;
}

/** What git knows of a worktree, and the worktree that it is of. */
export interface KnownWorktree {
  readonly row: WorktreeRow;
  readonly captured: CapturedWorktree;
}

/** Of each worktree; where a restore has not been put in place yet, what the restored checkpoint has. */
export async function captureWorktrees(
  ports: WorktreePartPorts,
  rows: readonly WorktreeRow[],
): Promise<readonly KnownWorktree[]> {
  const known: KnownWorktree[] = [];
  for (const row of rows) {
    const saved = await awaitedWorktree(ports, row);
    const captured = saved?.captured ?? (await ports.worktrees?.capture(row)) ?? null;
    if (captured !== null) known.push({ row, captured });
  }
  return known;
}

/** The parts `worktrees/<name>/…` of what was captured. */
export function worktreeParts(known: readonly KnownWorktree[]): readonly PartDraft[] {
  return known.flatMap(({ row, captured }) => {
    const { head, branch, operation, parts, staged = [] } = captured.git;
    const place = placeOf(row);
    return [
      { path: `${place}at.json`, bytes: Buffer.from(`${JSON.stringify({ head, branch, operation })}\n`) },
      ...[...parts, ...staged].map(({ path, bytes }) => ({ path: `${place}${path}`, bytes })),
      ...(captured.commits === null ? [] : [{ path: `${place}commits.bundle`, bytes: captured.commits }]),
    ];
  });
}

/** Lists, with the project's own, what of the worktrees' indexes is not among the parts for its size; as their paths in a checkpoint. */
export function withUnkept(
  captured: CapturedGit | null,
  known: readonly KnownWorktree[],
): CapturedGit | null {
  const unkept = known.flatMap(({ row, captured: { git } }) =>
    (git.unkept ?? []).map(({ path, size }) => ({ path: outer(`${row.name}/${path}`), size })),
  );
  return captured && { ...captured, unkept: [...(captured.unkept ?? []), ...unkept] };
}

/** What a checkpoint has of a worktree; null when it has nothing of it. Throws `corrupt-checkpoint`. */
export async function savedWorktree(
  stored: StoredCheckpoint,
  row: Pick<WorktreeRow, 'name'>,
): Promise<CapturedWorktree | null> {
  const place = placeOf(row);
  const paths = await stored.partPaths(place);
  if (paths.length === 0) return null;
  const read = async (path: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }> => ({
    path: path.slice(place.length),
    bytes: await stored.part(path),
  });
  const parts = await Promise.all(paths.map(read));
  const bytesOf = (name: string): Uint8Array | null => parts.find(({ path }) => path === name)?.bytes ?? null;
  checkGitParts(stored, parts.filter(isGit), place);
  return {
    git: {
      ...parseAt(stored, `${place}at.json`, bytesOf('at.json')),
      parts: parts.filter(isGit),
      staged: parts.filter(isStaged),
    },
    commits: bytesOf('commits.bundle'),
  };
}

/** What a restore has asked for and that is not in place yet; null when there is none. Throws `corrupt-checkpoint`. */
export async function awaitedWorktree(
  { checkpoints }: Pick<WorktreePartPorts, 'checkpoints'>,
  row: WorktreeRow,
): Promise<{ readonly stored: StoredCheckpoint; readonly captured: CapturedWorktree } | null> {
  if (row.fromId === null) return null;
  try {
    const stored = await checkpoints.open(row.fromId);
    const captured = await savedWorktree(stored, row);
    return captured && { stored, captured };
  } catch (error) {
    // It was deleted before it was put in place: what is there is all there is.
    if (isFailure(error, 'unknown-id')) return null;
    throw error;
  }
}

function placeOf({ name }: Pick<WorktreeRow, 'name'>): string {
  return `worktrees/${partName(name)}/`;
}

function isGit({ path }: { readonly path: string }): boolean {
  return path.startsWith('git/');
}

function isStaged({ path }: { readonly path: string }): boolean {
  return path.startsWith('staged/');
}

type At = Pick<CapturedGit, 'head' | 'branch' | 'operation'>;

function parseAt(stored: StoredCheckpoint, part: string, bytes: Uint8Array | null): At {
  try {
    const found = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as At;
    const fields = [found.head, found.branch, found.operation];
    if (fields.every((field) => field === null || typeof field === 'string')) return found;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CodeframeError({
    code: 'corrupt-checkpoint',
    id: stored.id,
    part,
    problem: 'it is not as written',
  });
}
