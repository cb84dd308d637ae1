import { findUndoable, undoRequest } from '../checkpoint/undo.ts';
import { restoreCheckpoint } from '../checkpoint/restore-checkpoint.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import type { TargetRequest } from '../checkpoint/restore-intent.ts';
import type { BoundRestore, UndoStep } from '../handle.ts';
import { changeProject, readProject } from '../project/change-project.ts';
import { takeLease, type HeldLease } from './lease.ts';
import { placeWorktrees } from './place-worktree.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';

export type RestoreRequest = TargetRequest & BoundRestore;

/** Makes the project's content equal to a checkpoint's, as its owner. Refused while a runner owns the project. */
export function restoreProject(ports: ProjectPorts, request: RestoreRequest): Promise<RestoreRow> {
  return asRestorer(ports, 'restore', async () => ({ ...request, kind: 'restore' as const }));
}

/** Goes back over the last restore, or over the last undo. Throws `nothing-to-undo`, `nothing-to-redo`. */
export function undoRestore(
  ports: ProjectPorts,
  way: UndoStep['way'],
  bound: BoundRestore = {},
): Promise<RestoreRow> {
  return asRestorer(ports, way, async () => ({
    ...undoRequest(way, await findUndoable(ports.store, way)),
    ...bound,
  }));
}

async function asRestorer(
  ports: ProjectPorts,
  command: string,
  decide: () => Promise<RestoreRequest & Pick<RestoreRow, 'kind'>>,
): Promise<RestoreRow> {
  const held = await takeLease(ports, command);
  try {
    await recover(ports, held);
    const request = await decide();
    const restoreId = ports.ids.next('restore');
    await begin(ports, { held, restoreId, command });
    try {
      const row = await restoreCheckpoint(ports, {
        ...request,
        restoreId,
        requestedBy: ports.actor,
        fence: held.fence,
      });
      await placeWorktrees(ports, held.fence);
      return row;
    } finally {
      // What the restore did stands, and so does its failure: a status that could not be written is put right by recovery.
      await end(ports, held).catch((error: unknown) => {
        ports.log.error({ err: error, restoreId }, 'could not write that the restore is over');
      });
    }
  } finally {
    await held.release();
  }
}

async function begin(
  ports: ProjectPorts,
  beginning: { readonly held: HeldLease; readonly restoreId: string; readonly command: string },
): Promise<void> {
  const { held, restoreId, command } = beginning;
  const change = { kind: 'restore-begun', at: ports.clock.now(), restoreId } as const;
  await ports.store.write((tx) => changeProject(tx, ports.project.id, { change, verb: command }), {
    fence: held.fence,
  });
}

async function end(ports: ProjectPorts, held: HeldLease): Promise<void> {
  await ports.store.write(
    async (tx) => {
      const { state } = await readProject(tx, ports.project.id);
      if (state.kind !== 'restoring') return;
      const change = { kind: 'restore-ended', at: ports.clock.now() } as const;
      await changeProject(tx, ports.project.id, { change, verb: 'restore' });
    },
    { fence: held.fence },
  );
}
