import type { CheckpointSize } from '../checkpoint/checkpoint-space.ts';
import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import { reportDisk, type DiskReport } from '../checkpoint/disk-report.ts';
import { cleanUpCheckpoints, type CleanupReport } from '../checkpoint/retention-cleanup.ts';
import { deleteCheckpoint, pinCheckpoint, undeleteCheckpoint } from '../checkpoint/retention-delete.ts';
import { reclaimDeleted, type ReclaimReport } from '../checkpoint/retention-reclaim.ts';
import type { RetentionRules } from '../checkpoint/retention.ts';
import type { ProjectPorts } from './ports.ts';

/** Which checkpoints stay, and what they take. `id`: as `ProjectHandle.checkpoint` takes it. */
export interface RetentionHandle {
  /** Deletes one; it can be undeleted until its space is reclaimed. Throws `checkpoint-needed`. */
  delete(id: string): Promise<CheckpointRow>;
  undelete(id: string): Promise<CheckpointRow>;
  /** What is pinned is not deleted. */
  pin(id: string, pinned: boolean): Promise<CheckpointRow>;
  /** Those that can be undeleted, newest first. */
  deleted(): Promise<readonly CheckpointRow[]>;
  /** Deletes what no rule keeps and nothing needs. Throws `wrong-usage` without a rule, `rules-keep-nothing`. */
  cleanUp(options: { readonly rules: RetentionRules; readonly dryRun?: boolean }): Promise<CleanupReport>;
  /** Frees the space of what has been deleted for `forMs` (0: of all that is deleted). */
  reclaim(options?: { readonly forMs?: number }): Promise<ReclaimReport>;
  /** Of these checkpoints, in this order. */
  sizes(ids: readonly string[]): Promise<readonly CheckpointSize[]>;
  disk(): Promise<DiskReport>;
  /** The store's bytes when they are more than the config warns at; null otherwise. */
  overLimit(): Promise<{ readonly storeBytes: number; readonly warnBytes: number } | null>;
}

export function retentionHandle(ports: ProjectPorts): RetentionHandle {
  const { space, store, checkpointSettings: settings } = ports;
  return {
    delete: (id) => deleteCheckpoint(ports, id),
    undelete: (id) => undeleteCheckpoint(ports, id),
    pin: (id, pinned) => pinCheckpoint(ports, id, pinned),
    deleted: async () => {
      const where = { deletedAt: { gt: 0 }, reclaimedAt: null } as const;
      return store.read((tx) => tx.list('checkpoints', { where, orderBy: 'createdAt', descending: true }));
    },
    cleanUp: (options) => cleanUpCheckpoints(ports, options),
    reclaim: ({ forMs = 0 } = {}) => reclaimDeleted(ports, { forMs }),
    sizes: (ids) => space.sizes(ids),
    disk: () => reportDisk({ store, space, measure: ports.measureDisk, warnBytes: settings.warnBytes }),
    overLimit: () => overLimit(ports),
  };
}

/** The store's bytes when they are more than the config warns at; null otherwise. */
export async function overLimit(
  ports: Pick<ProjectPorts, 'space' | 'checkpointSettings'>,
): ReturnType<RetentionHandle['overLimit']> {
  const storeBytes = await ports.space.diskBytes();
  const { warnBytes } = ports.checkpointSettings;
  return storeBytes > warnBytes ? { storeBytes, warnBytes } : null;
}
