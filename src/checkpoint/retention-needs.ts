import type { Clock } from '../clock.ts';
import { readProject } from '../project/change-project.ts';
import type { ReadTransaction } from '../store/store.ts';
import type { CheckpointSettings } from './automatic.ts';
import type { RestoreRow } from './restore.ts';
import type { NeedReason, Needs } from './retention.ts';
import { undoStacks } from './undo.ts';

export interface NeedPorts {
  readonly clock: Clock;
  readonly project: { readonly id: string };
  readonly checkpointSettings: Pick<CheckpointSettings, 'undoForMs'>;
}

/** What must not be deleted now, by id, with every reason. */
export async function readNeeds(tx: ReadTransaction, ports: NeedPorts): Promise<Needs> {
  const needs = new Map<string, NeedReason[]>();
  const need = (id: string | null | undefined, reason: NeedReason): void => {
    if (id == null) return;
    const reasons = needs.get(id) ?? [];
    if (!reasons.includes(reason)) needs.set(id, [...reasons, reason]);
  };
  await needOfRows(tx, need);
  await needOfRestores(tx, ports, need);
  await needOfProject(tx, ports.project.id, need);
  return needs;
}

type Need = (id: string | null | undefined, reason: NeedReason) => void;

async function needOfRows(tx: ReadTransaction, need: Need): Promise<void> {
  const rows = await tx.pick('checkpoints', ['id', 'trigger', 'pinnedAt'], {
    where: { deletedAt: null },
    orderBy: 'createdAt',
    descending: true,
  });
  need(rows[0]?.id, 'newest');
  need(rows.find(({ trigger }) => trigger !== 'safety')?.id, 'latest');
  for (const { id, pinnedAt } of rows) if (pinnedAt !== null) need(id, 'pinned');
}

async function needOfRestores(tx: ReadTransaction, ports: NeedPorts, need: Need): Promise<void> {
  const rows = await tx.list('restores', { orderBy: 'startedAt' });
  for (const row of rows.filter(({ status }) => status === 'begun')) {
    need(row.checkpointId, 'restore');
    need(row.safetyId, 'restore');
  }
  const since = ports.clock.now() - ports.checkpointSettings.undoForMs;
  const isYoung = (row: RestoreRow): boolean => (row.endedAt ?? row.startedAt) >= since;
  const { undo, redo } = undoStacks(rows);
  for (const { safetyId } of undo.filter(isYoung)) need(safetyId, 'undo');
  for (const { safetyId } of redo.filter(isYoung)) need(safetyId, 'redo');
}

async function needOfProject(tx: ReadTransaction, projectId: string, need: Need): Promise<void> {
  const { state } = await readProject(tx, projectId);
  // A restore of a paused project goes back to being paused.
  const settled = state.kind === 'restoring' ? state.from : state;
  if (settled.kind === 'paused') need(settled.checkpointId, 'paused');
  if (state.kind !== 'pausing' && state.kind !== 'resuming') return;
  if (state.pauseId === null) return;
  for (const { id } of await tx.list('checkpoints', { where: { pauseId: state.pauseId } }))
    need(id, 'pausing');
}
