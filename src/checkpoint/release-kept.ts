import type { Clock } from '../clock.ts';
import { isFailure } from '../failure.ts';
import type { Log } from '../log.ts';
import type { ReadTransaction, Store } from '../store/store.ts';
import type { CheckpointSettings } from './automatic.ts';
import type { RestoreRow } from './restore.ts';
import { undoStacks } from './undo.ts';
import type { KeptRef, UserGit } from './user-git.ts';

export interface KeptPorts {
  readonly store: Store;
  readonly git: Pick<UserGit, 'keptRefs' | 'releaseKept'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly checkpointSettings: Pick<CheckpointSettings, 'undoForMs'>;
}

/**
 * Takes away the refs under which restores keep commits in the user's repository: of restores that cannot be undone any
 * more, where something else names the commit, or once the restore is older than restores can be undone. Until then nothing
 * is lost that only they lead to. Refs of restores that the ledger does not know are another's. Answers their names.
 */
export async function releaseKeptRefs(ports: KeptPorts): Promise<readonly string[]> {
  const over = await ports.store.read(readOver);
  if (over.size === 0) return [];
  const before = ports.clock.now() - ports.checkpointSettings.undoForMs;
  const mayGo = ({ restoreId, isElsewhere }: KeptRef): boolean => {
    const endedAt = over.get(restoreId);
    return endedAt !== undefined && (isElsewhere || endedAt < before);
  };
  try {
    const refs = (await ports.git.keptRefs()).filter(mayGo);
    await ports.git.releaseKept(refs);
    const names = refs.map(({ name }) => name);
    if (names.length > 0) ports.log.info({ names }, 'took away refs that kept commits of restores');
    return names;
  } catch (error) {
    // The user's repository is the user's: it may be locked, or broken. The next time does it.
    if (!isFailure(error)) throw error;
    ports.log.warn({ err: error }, 'refs that keep commits of restores were not taken away');
    return [];
  }
}

/** The restores with such refs that neither an undo nor a redo goes back over, and when they ended. */
async function readOver(tx: ReadTransaction): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.list('restores', { orderBy: 'startedAt' });
  const keeping = rows.filter(keepsCommits);
  if (keeping.length === 0) return new Map();
  const { undo, redo } = undoStacks(rows);
  const there = await tx.pick('checkpoints', ['id'], { where: { reclaimedAt: null } });
  const ids = new Set(there.map(({ id }) => id));
  const needed = new Set([...undo, ...redo].filter(({ safetyId }) => ids.has(safetyId)).map(({ id }) => id));
  const over = keeping.filter(({ id }) => !needed.has(id));
  return new Map(over.map(({ id, endedAt, startedAt }) => [id, endedAt ?? startedAt]));
}

function keepsCommits({ status, git }: RestoreRow): boolean {
  return status !== 'begun' && git !== null && git.refs.some(({ keptAs }) => keptAs !== null);
}
