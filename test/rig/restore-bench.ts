import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { matchGlob } from '../../src/adapters/globs-picomatch/match-glob.ts';
import { openMemoryStore } from '../../src/adapters/store-memory/memory-store.ts';
import { randomIds } from '../../src/adapters/system/random-ids.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { FileTreeWriter } from '../../src/adapters/tree-writer/tree-writer.ts';
import { FileGitRewinder } from '../../src/adapters/user-git/file-git-rewinder.ts';
import { openUserGit } from '../../src/adapters/user-git/git-user-repository.ts';
import { openWorkTree } from '../../src/adapters/work-tree/fs-work-tree.ts';
import { createCheckpoint } from '../../src/checkpoint/create-checkpoint.ts';
import {
  previewRestore,
  restoreCheckpoint,
  type RestorePorts,
} from '../../src/checkpoint/restore-checkpoint.ts';
import type { TargetRequest } from '../../src/checkpoint/restore-intent.ts';
import type { RestoreRow } from '../../src/checkpoint/restore.ts';
import { findUndoable, undoRequest } from '../../src/checkpoint/undo.ts';
import type { BoundRestore, RestoreOptions, RestorePreview } from '../../src/handle.ts';
import { silentLog } from '../../src/log.ts';
import type { Fence, Store } from '../../src/store/store.ts';
import { withDirectory } from './real-tree.ts';

/** A project's files, store and rows, and what one does with them, without a runner. */
export interface RestoreBench {
  readonly root: string;
  readonly dataDir: string;
  readonly ports: RestorePorts;
  readonly fence: Fence;
  readonly checkpoint: () => Promise<string>;
  readonly preview: (checkpointId: string, options?: RestoreOptions) => Promise<RestorePreview>;
  readonly restore: (checkpointId: string, options?: RestoreOptions & BoundRestore) => Promise<RestoreRow>;
  readonly undo: () => Promise<RestoreRow>;
  readonly redo: () => Promise<RestoreRow>;
}

export const benchFence: Fence = { ownerId: 'o1', epoch: 1 };

export function withRestoreBench<T>(
  work: (bench: RestoreBench) => Promise<T>,
  directory?: string,
): Promise<T> {
  if (directory !== undefined) return useBench(directory, work);
  return withDirectory((made) => useBench(made, work));
}

async function useBench<T>(directory: string, work: (bench: RestoreBench) => Promise<T>): Promise<T> {
  const bench = await openRestoreBench(directory, openMemoryStore());
  try {
    return await work(bench);
  } finally {
    await bench.ports.checkpoints.close();
    await bench.ports.store.close();
  }
}

/** `directory/project` is the project; everything else lies beside it. */
export async function openRestoreBench(directory: string, store: Store): Promise<RestoreBench> {
  const root = join(directory, 'project');
  const dataDir = join(directory, 'data');
  mkdirSync(root, { recursive: true });
  mkdirSync(dataDir, { recursive: true });
  const git = openUserGit({ root });
  const writer = new FileTreeWriter({ root, journalDir: join(dataDir, 'journal') });
  const ports: RestorePorts = {
    store,
    checkpoints: openGitCheckpoints({ path: join(dataDir, 'store.git') }),
    tree: openWorkTree({
      root,
      dataDir,
      ignored: (nested) => git.ignored(nested),
      restoring: () => writer.open(),
    }),
    git,
    writer,
    matchGlob,
    gitRewinder: new FileGitRewinder({ root, journalDir: join(dataDir, 'journal') }),
    clock: systemClock,
    ids: randomIds,
    log: silentLog,
    project: { id: 'p1', name: 'bench' },
    program: 'test',
    schema: 1,
    actor: 'test',
  };
  await ownProject(store);
  return { root, dataDir, ports, fence: benchFence, ...commands(ports) };
}

async function ownProject(store: Store): Promise<void> {
  await store.write(async (tx) => {
    if ((await tx.get('project', 'p1')) === undefined) {
      const state = { kind: 'created', since: 0 } as const;
      await tx.insert('project', { id: 'p1', name: 'bench', status: 'created', state, createdAt: 0 });
    }
    const owner = { command: 'restore', pid: 1, host: 'h', bootId: 'b', processStart: 's' };
    const lease = { ...benchFence, ...owner, acquiredAt: 0, renewedAt: 0, ttlMs: 15_000 };
    if ((await tx.get('leases', 'runner')) === undefined)
      await tx.insert('leases', { name: 'runner', ...lease });
    else await tx.update('leases', { key: ['runner'], set: lease });
  });
}

function commands(
  ports: RestorePorts,
): Pick<RestoreBench, 'checkpoint' | 'preview' | 'restore' | 'undo' | 'redo'> {
  const asked = (): { restoreId: string; requestedBy: string; fence: Fence } => ({
    restoreId: ports.ids.next('restore'),
    requestedBy: 'test',
    fence: benchFence,
  });
  const goBack = async (way: 'undo' | 'redo'): Promise<RestoreRow> =>
    restoreCheckpoint(ports, { ...asked(), ...undoRequest(way, await findUndoable(ports.store, way)) });
  return {
    checkpoint: async () => (await createCheckpoint(ports, { trigger: 'manual', createdBy: 'test' })).row.id,
    preview: (checkpointId, options = {}) => previewRestore(ports, { ...limited(options), checkpointId }),
    restore: (checkpointId, { preview, onProgress, ...options } = {}) =>
      restoreCheckpoint(ports, {
        ...asked(),
        ...limited(options),
        ...(preview === undefined ? {} : { preview }),
        ...(onProgress === undefined ? {} : { onProgress }),
        kind: 'restore',
        checkpointId,
      }),
    undo: () => goBack('undo'),
    redo: () => goBack('redo'),
  };
}

function limited({
  only,
  paths,
  git,
  gitCommands = false,
}: RestoreOptions): Omit<TargetRequest, 'checkpointId'> {
  return {
    ...(only === undefined ? {} : { only }),
    ...(paths === undefined ? {} : { paths }),
    ...(git === true ? { git: { refs: [], allowsCommands: gitCommands } } : {}),
  };
}
