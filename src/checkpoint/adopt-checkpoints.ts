import { isFailure } from '../failure.ts';
import type { Store } from '../store/store.ts';
import { insertRow, rowOf, type CheckpointPorts } from './create-checkpoint.ts';
import type { Manifest } from './manifest.ts';

/** Adds the rows of checkpoints that are whole but have none, because their maker died; answers their ids. */
export async function adoptCheckpoints(
  ports: Pick<CheckpointPorts, 'store' | 'checkpoints' | 'clock' | 'ids' | 'log' | 'project'>,
): Promise<readonly string[]> {
  const known = await ports.store.read((tx) => tx.list('checkpoints'));
  const rows = new Set(known.map((row) => row.id));
  const adopted: string[] = [];
  for (const id of await ports.checkpoints.ids()) {
    if (!rows.has(id) && (await adopt(ports, id))) adopted.push(id);
  }
  return adopted;
}

async function adopt(
  ports: Pick<CheckpointPorts, 'store' | 'checkpoints' | 'clock' | 'ids' | 'log' | 'project'>,
  id: string,
): Promise<boolean> {
  try {
    const { commit, manifest } = await ports.checkpoints.open(id);
    if (manifest.projectId !== ports.project.id) return false;
    if (await isOvertaken(ports.store, manifest)) {
      ports.log.warn(
        { id, pauseId: manifest.pauseId },
        'a checkpoint of an owner that had lost the project was not adopted',
      );
      return false;
    }
    await insertRow(ports, rowOf(manifest, { commit, durationMs: 0 }));
    ports.log.info({ id, commit }, 'adopted a checkpoint without a row');
    return true;
  } catch (error) {
    // Another process adopted it, or it cannot be read: neither is a reason not to go on.
    if (!isFailure(error)) throw error;
    ports.log.warn({ err: error, id }, 'a checkpoint without a row was not adopted');
    return false;
  }
}

/**
 * Whether the pause that it was made for ended without it: an owner that was stopped for too long went on after another
 * had taken over. Its agents were not held then, so that it may be of no one instant.
 */
async function isOvertaken(store: Store, { id, pauseId }: Manifest): Promise<boolean> {
  if (pauseId === null) return false;
  const pause = await store.read((tx) => tx.get('pauses', pauseId));
  return pause !== undefined && pause.status !== 'requested' && pause.checkpointId !== id;
}
