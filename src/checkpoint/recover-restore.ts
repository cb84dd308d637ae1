import { isMerged, recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import type { Log } from '../log.ts';
import type { Fence, Store } from '../store/store.ts';
import type { GitRewinder } from './git-rewinder.ts';
import type { RestoreRow } from './restore.ts';
import { showPath, type TreePath } from './tree.ts';
import type { TreeWriter } from './tree-writer.ts';

export interface RecoverPorts extends EventPorts {
  readonly store: Store;
  readonly writer: TreeWriter;
  readonly gitRewinder: GitRewinder;
  readonly log: Log;
}

export interface RecoveredRestore {
  readonly restoreId: string;
  /** What it was to bring back; null when the ledger does not know it. */
  readonly checkpointId: string | null;
  readonly how: 'finished' | 'rolled-back';
  /** Left as somebody made them after the kill, as `showPath` gives them. */
  readonly left: readonly string[];
}

/**
 * Ends every restore that was killed: its row says which end. A finished one is cleaned up after, any other rolled back.
 * Called by the project's new owner before anything else; may be killed itself and called again.
 */
export async function recoverRestores(
  ports: RecoverPorts,
  fence: Fence,
): Promise<readonly RecoveredRestore[]> {
  const begun = await ports.store.read((tx) => tx.list('restores', { where: { status: 'begun' } }));
  const open = [...(await ports.writer.open()), ...(await ports.gitRewinder.open())];
  const ids = new Set([...open, ...begun.map(({ id }) => id)]);
  const recovered: RecoveredRestore[] = [];
  for (const restoreId of ids) {
    const { row, merged } = await ports.store.read(async (tx) => ({
      row: await tx.get('restores', restoreId),
      merged: await isMerged(tx, restoreId),
    }));
    const how = merged ? 'finished' : endOf(row);
    if (how === 'ended') {
      await ports.gitRewinder.forget(restoreId);
      await ports.writer.forget(restoreId);
      continue;
    }
    const left = await (how === 'finished'
      ? finish(ports, restoreId, fence)
      : rollBack(ports, restoreId, fence));
    if (left.length > 0)
      ports.log.warn({ restoreId, how, left }, 'left what was changed after a restore was killed');
    recovered.push({ restoreId, checkpointId: row?.checkpointId ?? null, how, left });
  }
  return recovered;
}

/** `ended`: it was rolled back before, only its journal is still there. */
function endOf(row: RestoreRow | undefined): RecoveredRestore['how'] | 'ended' {
  // A journal without a row is of a database that was put back from a backup: nothing was committed in this one.
  if (row === undefined || row.status === 'begun') return 'rolled-back';
  return row.status === 'finished' ? 'finished' : 'ended';
}

async function finish(ports: RecoverPorts, restoreId: string, fence: Fence): Promise<readonly string[]> {
  await ports.gitRewinder.finish(restoreId);
  const left = await ports.writer.finish(restoreId);
  await ports.store.write(
    (tx) => recordEvent(tx, ports, { type: 'restore-recovered', data: { restoreId, how: 'finished' } }),
    { fence },
  );
  return left.map(showPath);
}

/** The row is set after the files are back and before the journal goes: whatever is killed, the next one goes on. */
async function rollBack(ports: RecoverPorts, restoreId: string, fence: Fence): Promise<readonly string[]> {
  const left = await takeBackChanges(ports, restoreId);
  await ports.store.write(
    async (tx) => {
      const set = { status: 'rolled-back', endedAt: ports.clock.now(), problem: problemText(left) } as const;
      const done = await tx.update('restores', { key: [restoreId], expect: { status: 'begun' }, set });
      if (!done) return;
      await recordEvent(tx, ports, { type: 'restore-recovered', data: { restoreId, how: 'rolled-back' } });
    },
    { fence },
  );
  await ports.gitRewinder.forget(restoreId);
  await ports.writer.forget(restoreId);
  return left.map(showPath);
}

/**
 * Takes back what a restore did to files and repository; answers what it left alone, because someone changed it since. When
 * one of the two cannot be taken back the other is all the same. Throws `restore-blocked` with the restore named for what a
 * person has to put right before the next owner can go on.
 */
export async function takeBackChanges(
  { gitRewinder, writer }: Pick<RecoverPorts, 'gitRewinder' | 'writer'>,
  restoreId: string,
): Promise<readonly TreePath[]> {
  const ends = await Promise.allSettled([gitRewinder.rollBack(restoreId)]);
  ends.push(...(await Promise.allSettled([writer.rollBack(restoreId)])));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed === undefined) return ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
  const cause: unknown = failed.reason;
  if (!isFailure(cause) || cause.failure.code !== 'restore-blocked') throw cause;
  throw new CodeframeError({ ...cause.failure, underWay: restoreId }, { cause });
}

function problemText(left: readonly TreePath[]): string {
  const killed = 'its process ended in the middle';
  if (left.length === 0) return killed;
  return `${killed}; changed since, and left so: ${left.map(showPath).join(', ')}`;
}
