import { findCheckpoint } from '../checkpoint/find-checkpoint.ts';
import { previewRestore } from '../checkpoint/restore-checkpoint.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import { isFailure } from '../failure.ts';
import type {
  ArrivalReport,
  Arriving,
  ExportReport,
  MoveOptions,
  PullReport,
  PushReport,
} from '../handle.ts';
import { readProject } from '../project/change-project.ts';
import { needsOwner } from '../project/lifecycle.ts';
import { asOwner } from './lease.ts';
import { listArrived, pullCheckpoints, pushCheckpoints, verifyIncoming } from './move-checkpoints.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';
import { restoreProject } from './restore-project.ts';
import type { Upkeep } from './upkeep.ts';

interface Moving {
  readonly ports: ProjectPorts;
  readonly upkeep: Upkeep;
}

/** Verified first: an export that could not be taken in would be found out when it is too late. */
export async function exportCheckpoint(
  { ports, upkeep }: Moving,
  order: { readonly id: string; readonly file: string; readonly force: boolean },
): Promise<ExportReport> {
  const row = await findCheckpoint(ports.store, order.id);
  await ports.checkpoints.verify(row.id);
  const { commit } = await ports.checkpoints.open(row.id);
  const bytes = await upkeep.export({ ...order, checkpointId: row.id, commit });
  return { checkpointId: row.id, file: order.file, bytes };
}

export async function pushProject(
  { ports, upkeep }: Moving,
  name: string,
  options: MoveOptions,
): Promise<PushReport> {
  const remote = await upkeep.openRemote(name, options.cwd ?? ports.projectDir);
  const ids = options.ids === undefined ? undefined : await knownIds(ports, options.ids, { mustBe: true });
  const moved = await pushCheckpoints(ports, {
    ...options,
    remote,
    name,
    ...(ids === undefined ? {} : { ids }),
  });
  return { remote: name, ...moved, holds: await holdsOf(ports, moved.moved) };
}

export async function pullIntoProject(
  { ports, upkeep }: Moving,
  name: string,
  options: MoveOptions,
): Promise<PullReport> {
  await endCut(ports, 'pull');
  const remote = await upkeep.openRemote(name, options.cwd ?? ports.projectDir);
  const ids = options.ids === undefined ? undefined : await knownIds(ports, options.ids, { mustBe: false });
  const pulled = await pullCheckpoints(ports, {
    ...options,
    remote,
    name,
    ...(ids === undefined ? {} : { ids }),
  });
  const restore = await bringFiles(ports, pulled.becameId ?? (await unfilled(ports)));
  return { remote: name, ...pulled, restore };
}

/** Of a file that was verified when it was read; here it is verified again, as what will be in the store. */
export async function takeInExport(
  { ports, upkeep }: Moving,
  { file, checkpointId: id, commit, from }: Arriving,
): Promise<Omit<ArrivalReport, 'projectId'>> {
  await endCut(ports, 'import');
  const before = await ports.store.read((tx) => tx.get('checkpoints', id));
  await using incoming = await upkeep.transfer.unpack(file, { id, commit });
  await verifyIncoming(ports, incoming, { checkpoints: [{ id, commit }] });
  await incoming.accept([id]);
  const { becameId } = await listArrived(ports, { ids: [id], why: 'import', from });
  const restore = await bringFiles(ports, becameId ?? ((await isUnfilled(ports)) ? id : null));
  const already = before !== undefined && before.reclaimedAt === null;
  return { checkpointId: id, already, became: becameId !== null, restore };
}

/**
 * An arrival that was killed in its restore is ended first: its files may be all there, and nothing more to do. Where an
 * owner lives, what arrives is added beside it.
 */
async function endCut(ports: ProjectPorts, command: string): Promise<void> {
  const { state } = await ports.store.read((tx) => readProject(tx, ports.project.id));
  if (needsOwner(state)) await asOwner(ports, command, (held) => recover(ports, held));
}

/**
 * By the restore of every day: what is there becomes a checkpoint first, and `codeframe undo` brings it back. Null, and
 * the files stay, where it would delete some: there is work in the directory that the checkpoint does not know.
 */
async function bringFiles(ports: ProjectPorts, checkpointId: string | null): Promise<RestoreRow | null> {
  if (checkpointId === null) return null;
  const preview = await previewRestore(ports, { checkpointId });
  const unknown = preview.changes.filter(
    ({ change, path }) => change === 'delete' && !path.startsWith('.codeframe'),
  );
  if (unknown.length > 0) {
    ports.log.warn(
      { checkpointId, paths: unknown.length },
      'the files stay: there is work that is not in the checkpoint',
    );
    return null;
  }
  return restoreProject(ports, { checkpointId });
}

/** The checkpoint that an arrival which was cut did not bring the files of. */
async function unfilled(ports: ProjectPorts): Promise<string | null> {
  if (!(await isUnfilled(ports))) return null;
  const row = await findCheckpoint(ports.store, 'latest').catch((error: unknown) => {
    if (isFailure(error, 'unknown-id')) return null;
    throw error;
  });
  return row?.id ?? null;
}

/** Its rows arrived, and no restore has brought its files yet. */
async function isUnfilled(ports: ProjectPorts): Promise<boolean> {
  const [arrived] = await ports.store.read((tx) =>
    tx.list('events', { where: { type: 'project-arrived' }, orderBy: 'seq', descending: true, limit: 1 }),
  );
  if (arrived === undefined) return false;
  const data = arrived.data as { readonly why?: string };
  if (data.why === 'rebuild') return false;
  const after = await ports.store.read((tx) =>
    tx.list('events', {
      where: { type: { in: ['restore-finished', 'project-started', 'project-resumed'] } },
    }),
  );
  return after.every(({ seq }) => seq < arrived.seq);
}

/** Whole ids, from what a user may write for one; on a pull also those that only the remote knows. */
async function knownIds(
  ports: ProjectPorts,
  given: readonly string[],
  { mustBe }: { readonly mustBe: boolean },
): Promise<readonly string[]> {
  const find = async (id: string): Promise<string> => {
    try {
      return (await findCheckpoint(ports.store, id)).id;
    } catch (error) {
      if (mustBe || !isFailure(error, 'unknown-id')) throw error;
      return id;
    }
  };
  return Promise.all(given.map(find));
}

/** The newest of them stands for all in words: they hold mostly the same. */
async function holdsOf(ports: ProjectPorts, ids: readonly string[]): Promise<PushReport['holds']> {
  const manifests = await Promise.all(ids.map(async (id) => (await ports.checkpoints.open(id)).manifest));
  return {
    files: Math.max(0, ...manifests.map(({ files }) => files)),
    items: Math.max(0, ...manifests.map(({ counts }) => counts['context_items'] ?? 0)),
  };
}
