import type { Store } from '../store/store.ts';
import type { CheckpointSize, CheckpointSpace } from './checkpoint-space.ts';

/** What the project takes on the disk, in bytes, outside its own directory. */
export interface DiskReport {
  /** All of it. */
  readonly totalBytes: number;
  readonly parts: DiskParts;
  /** Newest first, deleted ones too. */
  readonly checkpoints: readonly (CheckpointSize & {
    readonly name: string | null;
    readonly deleted: boolean;
  })[];
  /** What reclaiming the space of the deleted checkpoints would free; estimated, as what is left is packed again. */
  readonly reclaimableBytes: number;
  /** From where on a warning is given; `disk.warnAt` in the config. */
  readonly warnBytes: number;
}

export interface DiskParts {
  /** `store.git`: the checkpoints. */
  readonly store: number;
  /** `state.db` and its journal. */
  readonly database: number;
  readonly logs: number;
  readonly backups: number;
  /** Restores under way. */
  readonly journal: number;
  readonly others: number;
}

/** Measures the project's data where they lie; what goes away meanwhile counts for nothing. */
export type MeasureDisk = () => Promise<DiskParts>;

/** Looks at every tree of every checkpoint once; changes nothing. */
export async function reportDisk(ports: {
  readonly store: Store;
  readonly space: CheckpointSpace;
  readonly measure: MeasureDisk;
  readonly warnBytes: number;
}): Promise<DiskReport> {
  const rows = await ports.store.read((tx) =>
    tx.list('checkpoints', { where: { reclaimedAt: null }, orderBy: 'createdAt', descending: true }),
  );
  const listed = rows.filter(({ deletedAt }) => deletedAt === null);
  // The deleted last: what they add is what goes with them.
  const deleted = rows.filter(({ deletedAt }) => deletedAt !== null);
  const sizes = await ports.space.sizes([...listed, ...deleted].map(({ id }) => id));
  const byId = new Map(sizes.map((size) => [size.id, size]));
  const needed = listed.reduce((sum, { id }) => sum + (byId.get(id)?.addedBytes ?? 0), 0);
  const objects = await ports.space.diskBytes();
  const parts = await ports.measure();
  return {
    totalBytes: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0),
    parts,
    checkpoints: rows.map(({ id, name, deletedAt }) => ({
      ...(byId.get(id) ?? { id, addedBytes: 0, uniqueBytes: 0 }),
      name,
      deleted: deletedAt !== null,
    })),
    // Indexes take 36 bytes an object besides, which go with the objects.
    reclaimableBytes: deleted.length === 0 ? 0 : Math.max(0, objects - needed),
    warnBytes: ports.warnBytes,
  };
}
