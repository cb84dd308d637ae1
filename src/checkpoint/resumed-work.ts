import type { SessionFile } from '../agent/home.ts';
import type { TreeChange } from '../handle.ts';
import type { CheckpointPorts } from './create-checkpoint.ts';
import { diffCheckpoints } from './diff-checkpoints.ts';
import { savedFiles } from './session-parts.ts';

/** The session files of an agent in a checkpoint, or, with null, in the newest that has some. */
export async function savedSession(
  ports: Pick<CheckpointPorts, 'store' | 'checkpoints'>,
  of: { readonly agent: string; readonly checkpointId: string | null },
): Promise<readonly SessionFile[]> {
  const checkpoints = await ports.store.read((tx) => tx.list('checkpoints'));
  return savedFiles(ports, { agent: of.agent, fromId: of.checkpointId, rows: { checkpoints } });
}

/** What of the files has changed since the first checkpoint after a moment; null when there is none since. */
export async function changesSince(
  ports: CheckpointPorts,
  at: number,
): Promise<readonly TreeChange[] | null> {
  const checkpoints = await ports.store.read((tx) => tx.list('checkpoints'));
  const after = checkpoints.filter(({ createdAt, deletedAt }) => createdAt >= at && deletedAt === null);
  const [first] = after.toSorted((a, b) => a.createdAt - b.createdAt);
  if (first === undefined) return null;
  return (await diffCheckpoints(ports, first.id)).changes;
}
