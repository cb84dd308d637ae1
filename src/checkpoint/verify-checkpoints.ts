import { CodeframeError, isFailure, type Failure } from '../failure.ts';
import type { Log } from '../log.ts';
import { problemOf } from '../problem-of.ts';
import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { CheckpointStore, SeenObjects, StoredCheckpoint } from './checkpoint-store.ts';
import type { CheckpointRow } from './checkpoint.ts';
import { drillRestore, type DrillSite } from './drill-restore.ts';
import { ofKnown } from './find-checkpoint.ts';
import { allRowsFromParts } from './parts.ts';
import type { CodeEntry } from './tree.ts';
import { wantedTree } from './wanted-tree.ts';

export interface VerifyPorts {
  readonly store: Store;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly project: { readonly id: string };
}

export interface VerifyRequest {
  /** Left out: all that are in the list or in the store. */
  readonly ids?: readonly string[];
  /** Makes an empty place, outside the project, for one drill; none is made when left out. */
  readonly openDrill?: () => Promise<DrillSite>;
  readonly onProgress?: (checked: CheckedCheckpoint, done: number, of: number) => void;
}

/** What a check of one checkpoint found. */
export interface CheckedCheckpoint {
  readonly id: string;
  /** Null for one that cannot be opened. */
  readonly createdAt: string | null;
  readonly whole: boolean;
  /** True: it is in the store, but not in the list. */
  readonly unlisted: boolean;
  /** What is wrong, in words, and in which part. */
  readonly problem: { readonly part: string; readonly text: string } | null;
  /** Different objects read and hashed, and the sum of their sizes. */
  readonly objects: number;
  readonly bytes: number;
  readonly files: number;
  readonly rows: number;
  /** Whether it was restored into an empty directory and compared byte for byte. */
  readonly drilled: boolean;
  readonly durationMs: number;
}

/**
 * Checks checkpoints: every object hashed, the manifest against the tree and the rows, the row in the list against the
 * ref; with a drill also restored elsewhere and compared. What is wrong with one is in the answer and stops nothing;
 * throws only what has nothing to do with a checkpoint. Changes nothing.
 */
export async function verifyCheckpoints(
  ports: VerifyPorts,
  request: VerifyRequest = {},
): Promise<readonly CheckedCheckpoint[]> {
  const rows = await ports.store.read((tx) =>
    tx.list('checkpoints', { where: { reclaimedAt: null }, orderBy: 'createdAt' }),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const expected = rows.filter(({ reclaimedAt }) => reclaimedAt === null).map(({ id }) => id);
  const ids = request.ids ?? [...new Set([...expected, ...(await ports.checkpoints.ids())])];
  const seen: SeenObjects = new Map();
  const checked: CheckedCheckpoint[] = [];
  for (const id of ids) {
    const one = await check(ports, { ...request, id, row: byId.get(id), seen });
    checked.push(one);
    request.onProgress?.(one, checked.length, ids.length);
  }
  return checked;
}

interface Check extends VerifyRequest {
  readonly id: string;
  readonly row: CheckpointRow | undefined;
  readonly seen: SeenObjects;
}

type Found = Pick<CheckedCheckpoint, 'createdAt' | 'objects' | 'bytes' | 'files' | 'rows' | 'drilled'>;

const nothing: Found = { createdAt: null, objects: 0, bytes: 0, files: 0, rows: 0, drilled: false };

async function check(ports: VerifyPorts, asked: Check): Promise<CheckedCheckpoint> {
  const { id, row } = asked;
  const began = ports.clock.elapsed();
  const checked = (found: Found, problem: CheckedCheckpoint['problem']): CheckedCheckpoint => ({
    id,
    whole: problem === null,
    unlisted: row === undefined,
    problem,
    ...found,
    durationMs: Math.round(ports.clock.elapsed() - began),
  });
  try {
    return checked(await inspect(ports, asked), null);
  } catch (error) {
    if (!isFailure(error) || !aboutCheckpoint.has(error.failure.code)) throw error;
    ports.log.warn({ err: error, id }, 'a checkpoint is not whole');
    return checked(nothing, { part: partOf(error.failure), text: problemOf(error) });
  }
}

/** Failures that say that a checkpoint is not right, and not that something around it is missing. */
const aboutCheckpoint: ReadonlySet<string> = new Set<Failure['code']>([
  'corrupt-checkpoint',
  'checkpoint-newer',
]);

function partOf(failure: Failure): string {
  return failure.code === 'corrupt-checkpoint' ? failure.part : 'manifest.json';
}

async function inspect(ports: VerifyPorts, asked: Check): Promise<Found> {
  const { id, row, seen } = asked;
  const verified = await ofKnown(id, () => ports.checkpoints.verify(id, seen));
  const stored = await ports.checkpoints.open(id);
  refuseForeign(ports, stored, row);
  const code = await stored.code();
  wantedTree(id, code);
  refuseMiscounted(stored, code);
  const rows = await allRowsFromParts(stored);
  if (asked.openDrill !== undefined) await drillRestore(stored, { code, rows, openSite: asked.openDrill });
  return {
    createdAt: stored.manifest.createdAt,
    ...verified,
    files: stored.manifest.files,
    rows: Object.values(rows).reduce((sum, table) => sum + table.length, 0),
    drilled: asked.openDrill !== undefined,
  };
}

/** The manifest's own figures: its hashes do not cover them. */
function refuseMiscounted(stored: StoredCheckpoint, code: readonly CodeEntry[]): void {
  const { manifest } = stored;
  const files = code.filter((entry) => entry.kind !== 'directory');
  const bytes = files.reduce(
    (sum, entry) => sum + (entry.kind === 'file' ? entry.size : entry.target.length),
    0,
  );
  if (files.length !== manifest.files) {
    throw corrupt(
      stored.id,
      'code',
      `it has ${files.length} files, and the manifest counts ${manifest.files}`,
    );
  }
  if (bytes !== manifest.bytes) {
    throw corrupt(stored.id, 'code', `it has ${bytes} bytes, and the manifest counts ${manifest.bytes}`);
  }
}

function refuseForeign(ports: VerifyPorts, stored: StoredCheckpoint, row: CheckpointRow | undefined): void {
  if (stored.manifest.projectId !== ports.project.id) {
    throw corrupt(stored.id, 'manifest.json', `it is of project ${stored.manifest.projectId}`);
  }
  if (row !== undefined && row.commit !== stored.commit) {
    throw corrupt(stored.id, 'commit', `the list has ${row.commit}, and the store has ${stored.commit}`);
  }
}

function corrupt(id: string, part: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-checkpoint', id, part, problem });
}
