import type {
  CheckpointAt,
  CheckpointRemote,
  IncomingCheckpoints,
  RemoteCheckpoint,
} from '../checkpoint/checkpoint-transfer.ts';
import type { SeenObjects, StoredCheckpoint } from '../checkpoint/checkpoint-store.ts';
import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import { adoptCheckpoints } from '../checkpoint/adopt-checkpoints.ts';
import { rowOf } from '../checkpoint/create-checkpoint.ts';
import { allRowsFromParts, type AllRows } from '../checkpoint/parts.ts';
import { foreign, isFresh, originOf, refuseNewer, takeIn } from '../checkpoint/take-in.ts';
import { wantedTree } from '../checkpoint/wanted-tree.ts';
import { recordEvent } from '../event/record-event.ts';
import { CodeframeError } from '../failure.ts';
import type { MoveProgress } from '../handle.ts';
import { asOwner } from './lease.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';

/** How many checkpoints travel together: what was moved of a command that is cut stays moved. */
const batchSize = 8;

export interface MoveRequest {
  readonly remote: CheckpointRemote;
  /** How the remote is called in words. */
  readonly name: string;
  /** Whole ids; all when left out. */
  readonly ids?: readonly string[];
  readonly onProgress?: (progress: MoveProgress) => void;
}

export interface Moved {
  /** Those that were moved now. */
  readonly moved: readonly string[];
  /** Those that were there already. */
  readonly already: readonly string[];
}

/**
 * Brings checkpoints to a remote. Those that are there are left as they are; other refs are not touched. May be cut and
 * called again. Throws `remote-failed`, `unknown-id`, and `already-exists` for one that is there with other content.
 */
export async function pushCheckpoints(ports: ProjectPorts, request: MoveRequest): Promise<Moved> {
  const { remote, name } = request;
  const rows = await ports.store.read((tx) => tx.list('checkpoints', { orderBy: 'createdAt' }));
  const present = new Set(await ports.checkpoints.ids());
  const wanted = rows.filter(({ id, deletedAt }) =>
    request.ids === undefined ? present.has(id) && deletedAt === null : request.ids.includes(id),
  );
  const there = ofProject(ports, await remote.list());
  refuseOther(wanted, there);
  const missing = wanted.filter(({ id }) => !there.has(id)).map((row) => ofRow(ports, row));
  const shared = rows.filter((row) => there.get(row.id) === row.commit).map(({ commit }) => commit);
  await inBatches(missing, request, async (batch, onLine) => {
    await remote.push({ checkpoints: batch, shared: shared.slice(-batchSize), onLine });
    shared.push(...batch.map(({ commit }) => commit));
    await ports.store.write((tx) =>
      recordEvent(tx, ports, {
        type: 'checkpoints-pushed',
        data: { checkpointIds: batch.map(({ id }) => id), remote: name },
      }),
    );
  });
  return {
    moved: missing.map(({ id }) => id),
    already: wanted.map(({ id }) => id).filter((id) => there.has(id)),
  };
}

/**
 * Brings checkpoints from a remote: each is verified before it is in the store, and in the store before it is in the
 * list. A project in which nothing has happened yet becomes what the newest of them says. May be cut and called again.
 * Throws as `pushCheckpoints`, and `corrupt-checkpoint`, `checkpoint-newer`, `foreign-project`.
 */
export async function pullCheckpoints(ports: ProjectPorts, request: MoveRequest): Promise<Moved & TakenIn> {
  const { remote, ids } = request;
  const there = ofProject(ports, await remote.list());
  const unknown = ids?.find((id) => !there.has(id));
  if (unknown !== undefined) {
    throw new CodeframeError({
      code: 'unknown-id',
      kind: 'checkpoint',
      id: unknown,
      near: [...there.keys()].slice(0, 3),
    });
  }
  const deleted = await deletedHere(ports);
  const wanted = [...there].filter(([id]) => (ids === undefined ? !deleted.has(id) : ids.includes(id)));
  const rows = await ports.store.read((tx) => tx.list('checkpoints'));
  refuseOther(rows, there);
  const present = new Set(await ports.checkpoints.ids());
  const missing = wanted
    .filter(([id]) => !present.has(id))
    .map(([id, commit]) => ({ ...ofRow(ports, { id, commit }) }));
  const shared = rows
    .filter((row) => present.has(row.id) && there.get(row.id) === row.commit)
    .map(({ commit }) => commit);
  const seen: SeenObjects = new Map();
  await inBatches(missing, request, async (batch, onLine) => {
    await using incoming = await remote.fetch({
      checkpoints: batch,
      shared: shared.slice(-batchSize),
      onLine,
    });
    await verifyIncoming(ports, incoming, { checkpoints: batch, seen });
    await incoming.accept(batch.map(({ id }) => id));
    shared.push(...batch.map(({ commit }) => commit));
  });
  const taken = await listArrived(ports, { ids: wanted.map(([id]) => id), why: 'pull', from: request.name });
  const already = wanted.map(([id]) => id).filter((id) => present.has(id));
  return { moved: missing.map(({ id }) => id), already, ...taken };
}

/** What somebody deleted here comes back only when it is named. */
async function deletedHere(ports: ProjectPorts): Promise<ReadonlySet<string>> {
  const [events, rows] = await ports.store.read(async (tx) => [
    await tx.list('events', { where: { type: 'checkpoint-deleted' } }),
    await tx.list('checkpoints'),
  ]);
  const told = new Set(events.map(({ data }) => (data as { readonly checkpointId: string }).checkpointId));
  return new Set(rows.filter(({ id, deletedAt }) => deletedAt !== null && told.has(id)).map(({ id }) => id));
}

export interface TakenIn {
  /** The checkpoint whose rows the project has now, because nothing had happened in it before; null: they are as they were. */
  readonly becameId: string | null;
}

/** Refuses what must not come in, before anything of it is in the store. */
export async function verifyIncoming(
  ports: ProjectPorts,
  incoming: IncomingCheckpoints,
  what: { readonly checkpoints: readonly CheckpointAt[]; readonly seen?: SeenObjects },
): Promise<void> {
  const isEmpty = await ports.store.read(isFresh);
  const origin = isEmpty ? undefined : await originOf(ports.store);
  for (const { id } of what.checkpoints) {
    await incoming.checkpoints.verify(id, what.seen ?? new Map());
    const stored = await incoming.checkpoints.open(id);
    const { events } = await refuseUnfit(ports, stored);
    const began = events.find(({ seq }) => seq === 1)?.id;
    if (origin !== undefined && began !== undefined && origin !== began) {
      throw foreign(ports.project.id, `it began with ${began}, and the one here with ${origin}`);
    }
  }
}

/** What a verified checkpoint can still be: another project's, a newer program's, or one that names what no scan lists. Answers its rows. */
export async function refuseUnfit(
  ports: { readonly project: { readonly id: string }; readonly schema: number },
  stored: StoredCheckpoint,
): Promise<AllRows> {
  const { id, manifest } = stored;
  if (manifest.projectId !== ports.project.id) {
    const problem = `it is of project ${manifest.projectId}`;
    throw new CodeframeError({ code: 'corrupt-checkpoint', id, part: 'manifest.json', problem });
  }
  refuseNewer(ports, stored);
  wantedTree(id, await stored.code());
  return allRowsFromParts(stored);
}

/**
 * Puts checkpoints that are in the store into the list; in a project in which nothing has happened, it takes its rows
 * from the newest of them. Nothing for those that are in the list.
 */
export async function listArrived(
  ports: ProjectPorts,
  arrived: { readonly ids: readonly string[]; readonly why: 'import' | 'pull'; readonly from: string },
): Promise<TakenIn> {
  if (arrived.ids.length === 0) return { becameId: null };
  const becameId = (await ports.store.read(isFresh)) ? await become(ports, arrived.why) : null;
  for (const id of arrived.ids) await listOne(ports, id, arrived.from);
  return { becameId };
}

/**
 * The newest of all that are in the store, also of those that a pull that was cut brought; but not what somebody wanted
 * to get away from, when there is another.
 */
async function become(ports: ProjectPorts, why: 'import' | 'pull'): Promise<string> {
  const present = await ports.checkpoints.ids();
  const stored = await Promise.all(present.map((id) => ports.checkpoints.open(id)));
  const newest = stored.reduce((best, one) =>
    one.manifest.createdAt > best.manifest.createdAt ? one : best,
  );
  await takeIn(ports, { stored: newest, present: new Set(present), why });
  await adoptCheckpoints(ports);
  await asOwner(ports, why, (held) => recover(ports, held));
  return newest.id;
}

async function listOne(ports: ProjectPorts, id: string, from: string): Promise<void> {
  const { commit, manifest } = await ports.checkpoints.open(id);
  await ports.store.write(async (tx) => {
    const known = await tx.get('checkpoints', id);
    if (known?.reclaimedAt === null) return;
    if (known === undefined) await tx.insert('checkpoints', rowOf(manifest, { commit, durationMs: 0 }));
    else await tx.update('checkpoints', { key: [id], set: { deletedAt: null, reclaimedAt: null } });
    await recordEvent(tx, ports, { type: 'checkpoint-arrived', data: { checkpointId: id, commit, from } });
  });
}

function ofProject(ports: ProjectPorts, all: readonly RemoteCheckpoint[]): Map<string, string> {
  const own = all.filter(({ projectId }) => projectId === ports.project.id);
  return new Map(own.map(({ id, commit }) => [id, commit]));
}

function ofRow(ports: ProjectPorts, { id, commit }: CheckpointAt): RemoteCheckpoint {
  return { projectId: ports.project.id, id, commit };
}

function refuseOther(
  rows: readonly Pick<CheckpointRow, 'id' | 'commit'>[],
  there: ReadonlyMap<string, string>,
): void {
  const other = rows.find(({ id, commit }) => there.has(id) && there.get(id) !== commit);
  if (other === undefined) return;
  throw new CodeframeError({ code: 'already-exists', kind: 'checkpoint with other content', id: other.id });
}

async function inBatches<Item>(
  items: readonly Item[],
  { onProgress }: MoveRequest,
  move: (batch: readonly Item[], onLine: (line: string) => void) => Promise<void>,
): Promise<void> {
  const of = items.length;
  for (let done = 0; done < of; done += batchSize) {
    const batch = items.slice(done, done + batchSize);
    await move(batch, (line) => onProgress?.({ done, of, line }));
    onProgress?.({ done: Math.min(of, done + batchSize), of, line: null });
  }
}
