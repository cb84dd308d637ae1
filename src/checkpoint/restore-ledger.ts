import type { Clock } from '../clock.ts';
import { recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence, Store } from '../store/store.ts';
import { changeRows, differingTables, readState, type TableChange } from './change-rows.ts';
import type { RestoreFigures, RestoreRow } from './restore.ts';
import { planStateRows, type RestoreTarget } from './restore-intent.ts';

export interface LedgerPorts extends EventPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/** Writes down that a restore begins, before anything of it happens. */
export function recordBegun(
  ports: LedgerPorts,
  begun: Pick<RestoreRow, 'id' | 'kind' | 'checkpointId' | 'only' | 'paths' | 'requestedBy'>,
  fence: Fence,
): Promise<RestoreRow> {
  return ports.store.write(
    async (tx) => {
      const [newest] = await tx.list('restores', { orderBy: 'startedAt', descending: true, limit: 1 });
      // Always after the one before, whatever the clock says: undo goes by this order.
      const startedAt = Math.max(ports.clock.now(), (newest?.startedAt ?? 0) + 1);
      const row: RestoreRow = { ...begun, ...notEnded, startedAt };
      await tx.insert('restores', row);
      const { id: restoreId, checkpointId, only } = row;
      await recordEvent(tx, ports, { type: 'restore-begun', data: { restoreId, checkpointId, only } });
      return row;
    },
    { fence },
  );
}

const notEnded = {
  safetyId: null,
  git: null,
  status: 'begun',
  undoneBy: null,
  endedAt: null,
  figures: null,
  problem: null,
} as const;

export async function recordSafety(
  ports: LedgerPorts,
  safety: { readonly restoreId: string; readonly safetyId: string },
  fence: Fence,
): Promise<void> {
  const change = {
    key: [safety.restoreId],
    expect: { status: 'begun' as const },
    set: { safetyId: safety.safetyId },
  };
  const done = await ports.store.write((tx) => tx.update('restores', change), { fence });
  if (!done) throw new Error(`restore ${safety.restoreId} is not under way`);
}

/**
 * The commit point: the rows go back and the restore is finished, in one transaction. Throws `tree-moved` when they are
 * not as they were planned: the safety checkpoint does not hold what was written since.
 */
export function commitRestore(
  ports: LedgerPorts,
  restore: {
    readonly row: RestoreRow;
    readonly target: RestoreTarget;
    readonly planned: readonly TableChange[];
    readonly git: RestoreRow['git'];
    readonly files: Omit<RestoreFigures, 'rows' | 'durationMs'>;
    readonly durationMs: () => number;
  },
  fence: Fence,
): Promise<RestoreRow> {
  const { row, target } = restore;
  return ports.store.write(
    async (tx) => {
      const changes = planStateRows(target, await readState(tx));
      const paths = differingTables(restore.planned, changes).map((table) => `state/${table}`);
      if (paths.length > 0) throw new CodeframeError({ code: 'tree-moved', paths });
      const rows = await changeRows(tx, changes);
      const figures = { ...restore.files, rows, durationMs: Math.round(restore.durationMs()) };
      const set = { status: 'finished', endedAt: ports.clock.now(), figures, git: restore.git } as const;
      const done = await tx.update('restores', { key: [row.id], expect: { status: 'begun' }, set });
      if (!done) throw new Error(`restore ${row.id} is not under way`);
      if (row.kind !== 'restore') await markUndone(tx, row);
      const { id: restoreId, checkpointId, safetyId } = row;
      await recordEvent(tx, ports, {
        type: 'restore-finished',
        data: { ...figures, restoreId, checkpointId, safetyId },
      });
      return { ...row, ...set };
    },
    { fence },
  );
}

/** Writes down that a restore failed and changed nothing. */
export async function recordFailed(
  ports: LedgerPorts,
  failed: { readonly restoreId: string; readonly error: unknown },
  fence: Fence,
): Promise<void> {
  const { restoreId } = failed;
  const problem = problemOf(failed.error);
  await ports.store.write(
    async (tx) => {
      const set = { status: 'failed', endedAt: ports.clock.now(), problem } as const;
      const done = await tx.update('restores', { key: [restoreId], expect: { status: 'begun' }, set });
      if (done) await recordEvent(tx, ports, { type: 'restore-failed', data: { restoreId, problem } });
    },
    { fence },
  );
}

type Write = Parameters<Parameters<Store['write']>[0]>[0];

async function markUndone(tx: Write, undo: RestoreRow): Promise<void> {
  const [undone] = await tx.list('restores', {
    where: { safetyId: undo.checkpointId, status: 'finished', undoneBy: null },
  });
  if (undone !== undefined) await tx.update('restores', { key: [undone.id], set: { undoneBy: undo.id } });
}
