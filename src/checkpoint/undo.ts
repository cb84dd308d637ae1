import { CodeframeError } from '../failure.ts';
import type { Store } from '../store/store.ts';
import type { RestoreRow } from './restore.ts';

/**
 * The newest restore that is not undone: restoring its safety checkpoint, with kind `undo`, undoes it, and makes the
 * one before it the next. Throws `nothing-to-undo`.
 */
export async function findUndo(store: Store): Promise<RestoreRow & { readonly safetyId: string }> {
  const rows = await store.read((tx) =>
    tx.list('restores', {
      where: { kind: 'restore', status: 'finished', undoneBy: null },
      orderBy: 'startedAt',
      descending: true,
    }),
  );
  for (const row of rows) if (row.safetyId !== null) return { ...row, safetyId: row.safetyId };
  throw new CodeframeError({ code: 'nothing-to-undo' });
}
