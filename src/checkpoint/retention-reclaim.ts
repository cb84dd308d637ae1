import { recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import type { Log } from '../log.ts';
import type { CheckpointSpace } from './checkpoint-space.ts';
import type { RetentionPorts } from './retention-delete.ts';
import { releaseKeptRefs } from './release-kept.ts';
import { readNeeds } from './retention-needs.ts';
import type { UserGit } from './user-git.ts';

export interface ReclaimPorts extends RetentionPorts {
  readonly space: CheckpointSpace;
  readonly git: Pick<UserGit, 'release' | 'keptRefs' | 'releaseKept'>;
  readonly log: Log;
}

export interface ReclaimReport {
  /** The checkpoints that are gone for good. */
  readonly checkpointIds: readonly string[];
  /** Null: others wrote all the time, so the space is freed by the next one. */
  readonly freedBytes: number | null;
}

/*
 * The order, and what a kill after each step leaves:
 *
 *  1. one transaction: `reclaimedAt`, the event; it can not be undeleted any more    the next reclaim goes on with it
 *  2. the refs go, in the store and in the user's repository                         as 1
 *  3. one transaction: the rows go                                                   garbage in the store
 *  4. the store's space is freed                                                     as 3
 *
 * A ref without a row would be taken for a checkpoint whose maker died before it had one, and come back: so refs go first.
 */

/**
 * Frees the space of the checkpoints that have been deleted for `forMs`, and takes away what captures left that died. They
 * cannot be undeleted any more. May be called from several processes at once.
 */
export async function reclaimDeleted(
  ports: ReclaimPorts,
  options: { readonly forMs: number },
): Promise<ReclaimReport> {
  const checkpointIds = await markReclaimed(ports, ports.clock.now() - options.forMs);
  await ports.space.remove(checkpointIds);
  for (const id of checkpointIds) await releaseRef(ports, id);
  if (checkpointIds.length > 0)
    await ports.store.write((tx) => tx.delete('checkpoints', { id: { in: checkpointIds } }));
  await sweepCut(ports);
  await releaseKeptRefs(ports);
  const freed = await ports.space.reclaim();
  const freedBytes = freed === null ? null : Math.max(0, freed.bytesBefore - freed.bytesAfter);
  ports.log.info({ checkpointIds, freedBytes }, 'reclaimed the space of deleted checkpoints');
  return { checkpointIds, freedBytes };
}

/** Whether there is something to reclaim by now. */
export function isReclaimDue(ports: RetentionPorts, forMs: number): Promise<boolean> {
  return ports.store.read(async (tx) => {
    const rows = await tx.pick('checkpoints', ['deletedAt'], { where: { deletedAt: { gt: 0 } } });
    return rows.some(({ deletedAt }) => (deletedAt ?? Infinity) <= ports.clock.now() - forMs);
  });
}

export interface SweepPorts extends Pick<ReclaimPorts, 'space' | 'log'> {
  readonly git: Pick<UserGit, 'release'>;
}

/** Takes away the refs in the user's repository of captures whose process died: their checkpoints are not there. */
export async function sweepCut(ports: SweepPorts): Promise<readonly string[]> {
  const cut = await ports.space.cut();
  for (const id of cut) await releaseRef(ports, id);
  if (cut.length > 0) {
    await ports.space.remove(cut);
    ports.log.info({ cut }, 'took away what captures left that were cut');
  }
  return cut;
}

function markReclaimed(ports: ReclaimPorts, until: number): Promise<readonly string[]> {
  return ports.store.write(async (tx) => {
    const needs = await readNeeds(tx, ports);
    const ids: string[] = [];
    for (const row of await tx.list('checkpoints', { where: { deletedAt: { gt: 0 } } })) {
      const { id, deletedAt, reclaimedAt } = row;
      if (reclaimedAt === null) {
        if ((deletedAt ?? Infinity) > until || needs.has(id)) continue;
        await tx.update('checkpoints', { key: [id], set: { reclaimedAt: ports.clock.now() } });
        await recordEvent(tx, ports, { type: 'checkpoint-reclaimed', data: { checkpointId: id } });
      }
      ids.push(id);
    }
    return ids;
  });
}

/** The user's repository is the user's: it may be locked, or gone. A ref that stays keeps some commits longer than needed. */
async function releaseRef(ports: Pick<SweepPorts, 'git' | 'log'>, id: string): Promise<void> {
  await ports.git.release(id).catch((error: unknown) => {
    if (!isFailure(error)) throw error;
    ports.log.warn({ err: error, id }, 'a ref in the repository was not taken away');
  });
}
