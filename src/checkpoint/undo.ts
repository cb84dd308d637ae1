import { CodeframeError } from '../failure.ts';
import type { UndoStep } from '../handle.ts';
import type { Store } from '../store/store.ts';
import type { RestoreRow } from './restore.ts';
import type { TargetRequest } from './restore-intent.ts';

/** A restore that can be gone back over: it knows what was there before. */
export type Undoable = RestoreRow & { readonly safetyId: string };

/** What can be undone and redone, the next one first. */
export interface UndoStacks {
  readonly undo: readonly Undoable[];
  readonly redo: readonly Undoable[];
}

/*
 * Nothing is kept besides the rows of the ledger, so that it is the same for every process and after every crash:
 *
 *   undo: the finished restores and redos that no undo went back over, the newest first
 *   redo: the finished undos that no redo went back over and that are younger than the last restore, the newest first
 *
 * So an undo after an undo goes one restore further back, and a redo one forward again. A new restore leaves the older
 * undos where they are, but nothing can be redone any more: what they took away stays in its checkpoints.
 */
export function undoStacks(rows: readonly RestoreRow[]): UndoStacks {
  const standing = rows.filter(isStanding).toSorted((a, b) => b.startedAt - a.startedAt);
  const restored = rows.findLast(({ kind, status }) => kind === 'restore' && status === 'finished');
  const since = restored?.startedAt ?? 0;
  return {
    undo: standing.filter(({ kind }) => kind !== 'undo'),
    redo: standing.filter(({ kind, startedAt }) => kind === 'undo' && startedAt > since),
  };
}

/** The stacks as they are now. */
export async function readUndoStacks(store: Store): Promise<UndoStacks> {
  return undoStacks(await store.read((tx) => tx.list('restores', { orderBy: 'startedAt' })));
}

/**
 * The restore that the next undo or redo goes back over. Throws `nothing-to-undo`, `nothing-to-redo`, also when what was
 * there before it has been deleted for good.
 */
export async function findUndoable(store: Store, way: UndoStep['way']): Promise<Undoable> {
  const { [way]: stack } = await readUndoStacks(store);
  const [next] = stack;
  if (next === undefined) throw new CodeframeError({ code: `nothing-to-${way}` });
  const safety = await store.read((tx) => tx.get('checkpoints', next.safetyId));
  if (safety !== undefined && safety.reclaimedAt === null) return next;
  throw new CodeframeError({ code: `nothing-to-${way}`, gone: next.id });
}

/** What goes back over a restore: its safety checkpoint, as far as it touched things. */
export function undoRequest(
  way: UndoStep['way'],
  row: Undoable,
): TargetRequest & { readonly kind: 'undo' | 'redo' } {
  const { safetyId: checkpointId, checkpointId: over, only, paths, git } = row;
  return {
    kind: way,
    checkpointId,
    over,
    ...(only === null ? {} : { only }),
    ...(paths === null ? {} : { paths }),
    ...(git === null ? {} : { git: { refs: git.refs.map(({ name }) => name) } }),
  };
}

/** The steps of both ways for people: the next first. `known`: the checkpoints that are still there. */
export function undoSteps(stacks: UndoStacks, known: ReadonlySet<string>): readonly UndoStep[] {
  const stepOf = (way: UndoStep['way'], row: Undoable): UndoStep => ({
    way,
    restoreId: row.id,
    kind: row.kind,
    checkpointId: row.checkpointId,
    backTo: row.safetyId,
    only: row.only,
    paths: row.paths,
    git: row.git !== null,
    at: row.endedAt ?? row.startedAt,
    available: known.has(row.safetyId),
  });
  return [...stacks.undo.map((row) => stepOf('undo', row)), ...stacks.redo.map((row) => stepOf('redo', row))];
}

function isStanding(row: RestoreRow): row is Undoable {
  return row.status === 'finished' && row.undoneBy === null && row.safetyId !== null;
}
