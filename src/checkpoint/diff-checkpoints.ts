import type { CheckpointDiff } from '../handle.ts';
import type { TaskRow } from '../task/task.ts';
import { blobId } from './blob-id.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import type { CheckpointPorts } from './create-checkpoint.ts';
import { diffCode, diffTasks } from './diff.ts';
import { findCheckpoint, openKnown } from './find-checkpoint.ts';
import { readUnknown } from './look-at-tree.ts';
import { rowsFromParts } from './parts.ts';
import type { KnownEntry } from './present-tree.ts';
import type { CodeEntry, ObjectId } from './tree.ts';

/** One side of a diff. */
interface Side {
  readonly code: readonly CodeEntry[];
  readonly tasks: readonly TaskRow[];
  readonly tokens: number;
}

/** What lies between two checkpoints, or between one and the project as it is now. Throws `unknown-id`. */
export async function diffCheckpoints(
  ports: CheckpointPorts,
  fromId: string,
  toId?: string,
): Promise<CheckpointDiff> {
  const from = await openGiven(ports, fromId);
  const to = toId === undefined ? undefined : await openGiven(ports, toId);
  const before = await sideOf(from);
  const after = to === undefined ? await sideNow(ports, from.commit) : await sideOf(to);
  return {
    from: from.id,
    to: to?.id ?? 'now',
    changes: diffCode(before.code, after.code),
    tasks: diffTasks(before.tasks, after.tasks),
    tokens: { from: before.tokens, to: after.tokens },
  };
}

async function openGiven(ports: CheckpointPorts, given: string): Promise<StoredCheckpoint> {
  const { id } = await findCheckpoint(ports.store, given);
  return openKnown(ports.checkpoints, id);
}

async function sideOf(stored: StoredCheckpoint): Promise<Side> {
  const { tasks } = await rowsFromParts(stored);
  return { code: await stored.code(), tasks, tokens: stored.manifest.tokens };
}

/** `like`: any id of the store, which says by which hash its objects are named. */
async function sideNow(ports: CheckpointPorts, like: ObjectId): Promise<Side> {
  const { entries } = await readUnknown(ports.tree, await ports.tree.scan({ include: [] }), like);
  return ports.store.read(async (tx) => ({
    code: entries.map((entry) => asCode(entry, like)),
    tasks: await tx.list('tasks'),
    tokens: (await tx.pick('context_items', ['promptTokens'])).reduce(
      (sum, item) => sum + item.promptTokens,
      0,
    ),
  }));
}

function asCode(entry: KnownEntry, like: ObjectId): CodeEntry {
  switch (entry.kind) {
    case 'file': {
      const { kind, path, mode, object, stat } = entry;
      return { kind, path, mode, object, size: stat.size };
    }
    case 'link':
      return { ...entry, object: blobId(Buffer.from(entry.target, 'latin1'), like) };
    case 'directory':
      return entry;
  }
}
