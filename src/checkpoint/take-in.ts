import type { EventPorts } from '../event/record-event.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import type { Store, WriteTransaction } from '../store/store.ts';
import { tableNames, type TableName, type Tables } from '../store/tables.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import type { CheckpointRow } from './checkpoint.ts';
import { rowOf } from './create-checkpoint.ts';
import { allRowsFromParts, type AllRows } from './parts.ts';

export interface TakeInPorts extends EventPorts {
  readonly store: Store;
  readonly project: { readonly id: string };
  /** The newest schema that this program knows. */
  readonly schema: number;
}

/** What a store is filled with. */
export interface Arrival {
  readonly stored: StoredCheckpoint;
  /** The checkpoints that are in the store of checkpoints: the rows of others are marked as gone. */
  readonly present: ReadonlySet<string>;
  readonly why: 'import' | 'pull' | 'rebuild';
}

/**
 * Makes the store's rows those of a checkpoint, its ledger included, in one transaction; answers how many. Only for a
 * store in which nothing has happened yet: throws `foreign-project` when something has. What is under way in the rows is
 * put right by the next owner, as after a crash. Throws `corrupt-checkpoint`, `checkpoint-newer`.
 */
export async function takeIn(ports: TakeInPorts, arrival: Arrival): Promise<number> {
  const { stored } = arrival;
  refuseNewer(ports, stored);
  const rows = arrivedRows(ports, arrival, await allRowsFromParts(stored));
  return ports.store.write(async (tx) => {
    if (!(await isFresh(tx))) throw foreign(ports.project.id, 'there is work of it here');
    let count = 0;
    for (const table of tableNames) {
      await tx.delete(table);
      for (const row of rows[table]) await tx.insert(table, row as Tables[TableName]);
      count += rows[table].length;
    }
    const { id: checkpointId, manifest } = stored;
    const data = { checkpointId, why: arrival.why, madeAt: manifest.createdAt, madeBy: manifest.createdBy };
    await recordEvent(tx, ports, { type: 'project-arrived', data });
    return count;
  });
}

/** A checkpoint whose rows a newer program wrote cannot be loaded. */
export function refuseNewer(ports: Pick<TakeInPorts, 'schema'>, { id, manifest }: StoredCheckpoint): void {
  if (manifest.schema <= ports.schema) return;
  throw new CodeframeError({ code: 'checkpoint-newer', id, found: manifest.schema, known: ports.schema });
}

/** Nobody has done anything in this project: it was only made, or seen for the first time on this machine. */
export async function isFresh(tx: Pick<WriteTransaction, 'count'>): Promise<boolean> {
  for (const table of ['agents', 'tasks', 'checkpoints', 'steps', 'pauses', 'restores'] as const) {
    if ((await tx.count(table)) > 0) return false;
  }
  return true;
}

/** The id of the event with which a project began: the same wherever it goes. Undefined before anything happened. */
export async function originOf(store: Store): Promise<string | undefined> {
  const [first] = await store.read((tx) => tx.list('events', { where: { seq: 1 } }));
  return first?.id;
}

export function foreign(projectId: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'foreign-project', projectId, problem });
}

function arrivedRows(ports: TakeInPorts, { stored, present, why }: Arrival, rows: AllRows): AllRows {
  const at = ports.clock.now();
  const [project] = rows.project;
  if (rows.project.length !== 1 || project?.id !== ports.project.id) {
    const problem = `it is not the one row of project ${ports.project.id}`;
    throw new CodeframeError({ code: 'corrupt-checkpoint', id: stored.id, part: 'ledger/', problem });
  }
  const own = rowOf(stored.manifest, { commit: stored.commit, durationMs: 0 });
  const others = rows.checkpoints.filter(({ id }) => id !== own.id);
  return {
    ...rows,
    // Whoever owned it did so elsewhere. The epoch stays: it never goes back.
    leases: rows.leases.map((lease) => ({ ...lease, ownerId: null })),
    checkpoints: [...others.map((row) => (present.has(row.id) ? row : goneRow(row, at))), own],
    // Its branch, index and link to the repository did not come along with its row. A rebuilt database is of what is there.
    worktrees:
      why === 'rebuild' ? rows.worktrees : rows.worktrees.map((tree) => ({ ...tree, fromId: stored.id })),
    checkpoint_requests: rows.checkpoint_requests.map((row) =>
      row.status === 'requested'
        ? { ...row, status: 'failed', problem: 'who asked for it was elsewhere', endedAt: at }
        : row,
    ),
  };
}

function goneRow(row: CheckpointRow, at: number): CheckpointRow {
  return { ...row, deletedAt: row.deletedAt ?? at, reclaimedAt: row.reclaimedAt ?? at };
}
