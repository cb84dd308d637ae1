import { recordEvent, type EventPorts } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import type { Store, WriteTransaction } from '../store/store.ts';
import type { CheckpointSettings } from './automatic.ts';
import type { CheckpointRow } from './checkpoint.ts';
import { findCheckpoint } from './find-checkpoint.ts';
import { readNeeds } from './retention-needs.ts';
import type { NeedReason } from './retention.ts';

export interface RetentionPorts extends EventPorts {
  readonly store: Store;
  readonly project: { readonly id: string };
  readonly checkpointSettings: Pick<CheckpointSettings, 'undoForMs'>;
}

/** What keeps a person from deleting a checkpoint. The newest may go, as long as another one is left. */
const guarded: readonly NeedReason[] = ['pinned', 'paused', 'pausing', 'restore', 'undo', 'redo'];

/**
 * Deletes a checkpoint by hand: it is in no list any more, and can be undeleted until its space is reclaimed. Nothing when
 * it is deleted already. Throws `unknown-id`, and `checkpoint-needed` for one that something needs.
 */
export async function deleteCheckpoint(ports: RetentionPorts, given: string): Promise<CheckpointRow> {
  const { id } = await findCheckpoint(ports.store, given);
  await ports.store.write(async (tx) => {
    const listed = await tx.count('checkpoints', { deletedAt: null });
    const needs = ((await readNeeds(tx, ports)).get(id) ?? []).filter(
      (need) => guarded.includes(need) || (need === 'newest' && listed === 1),
    );
    if (needs.length > 0) throw new CodeframeError({ code: 'checkpoint-needed', id, needs });
    await markDeleted(tx, ports, { id, why: 'asked' });
  });
  return needRow(ports, id);
}

/** Deletes those of them that nothing needs by now; answers which. */
export function deleteUnneeded(ports: RetentionPorts, ids: readonly string[]): Promise<readonly string[]> {
  return ports.store.write(async (tx) => {
    const needs = await readNeeds(tx, ports);
    const deleted: string[] = [];
    for (const id of ids.filter((one) => !needs.has(one)))
      if (await markDeleted(tx, ports, { id, why: 'rules' })) deleted.push(id);
    return deleted;
  });
}

async function markDeleted(
  tx: WriteTransaction,
  ports: RetentionPorts,
  deleting: { readonly id: string; readonly why: 'asked' | 'rules' },
): Promise<boolean> {
  const { id, why } = deleting;
  const set = { deletedAt: ports.clock.now() };
  const done = await tx.update('checkpoints', { key: [id], expect: { deletedAt: null }, set });
  if (done) await recordEvent(tx, ports, { type: 'checkpoint-deleted', data: { checkpointId: id, why } });
  return done;
}

/**
 * Brings a deleted checkpoint back. Throws `unknown-id` for one that is not among the deleted, or whose space is being
 * reclaimed.
 */
export async function undeleteCheckpoint(ports: RetentionPorts, given: string): Promise<CheckpointRow> {
  const { id } = await findCheckpoint(ports.store, given, 'deleted');
  await ports.store.write(async (tx) => {
    const row = await tx.get('checkpoints', id);
    if (row === undefined || row.reclaimedAt !== null)
      throw new CodeframeError({ code: 'unknown-id', kind: 'deleted checkpoint', id, near: [] });
    if (row.deletedAt === null) return;
    await tx.update('checkpoints', { key: [id], set: { deletedAt: null } });
    await recordEvent(tx, ports, { type: 'checkpoint-undeleted', data: { checkpointId: id } });
  });
  return needRow(ports, id);
}

/** Keeps a checkpoint from being deleted, or lets it go again. Nothing when it is so already. */
export async function pinCheckpoint(
  ports: RetentionPorts,
  given: string,
  pinned: boolean,
): Promise<CheckpointRow> {
  const { id } = await findCheckpoint(ports.store, given);
  await ports.store.write(async (tx) => {
    const row = await tx.get('checkpoints', id);
    if (row === undefined || (row.pinnedAt !== null) === pinned) return;
    await tx.update('checkpoints', { key: [id], set: { pinnedAt: pinned ? ports.clock.now() : null } });
    await recordEvent(tx, ports, { type: 'checkpoint-pinned', data: { checkpointId: id, pinned } });
  });
  return needRow(ports, id);
}

async function needRow(ports: RetentionPorts, id: string): Promise<CheckpointRow> {
  const row = await ports.store.read((tx) => tx.get('checkpoints', id));
  if (row === undefined) throw new CodeframeError({ code: 'unknown-id', kind: 'checkpoint', id, near: [] });
  return row;
}
