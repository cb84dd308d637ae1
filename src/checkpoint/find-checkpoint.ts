import { CodeframeError, isFailure } from '../failure.ts';
import { nearest } from '../ids.ts';
import type { Store } from '../store/store.ts';
import type { CheckpointRow } from './checkpoint.ts';
import type { CheckpointStore, StoredCheckpoint } from './checkpoint-store.ts';

/** Shorter starts of an id are refused: they are too likely to be a slip. */
const prefixMin = 4;

/**
 * The checkpoint with this id, name, or start of an id; for `latest` the newest that is not a restore's safety
 * checkpoint, which holds what somebody wanted to get away from. Throws `unknown-id`, `ambiguous-id`, and
 * `checkpoint-deleted` for one that can be undeleted, which is what `among` asks for.
 */
export async function findCheckpoint(
  store: Store,
  given: string,
  among: 'listed' | 'deleted' = 'listed',
): Promise<CheckpointRow> {
  const rows = await store.read((tx) => tx.list('checkpoints', { orderBy: 'createdAt', descending: true }));
  const listed = rows.filter(({ deletedAt }) => deletedAt === null);
  const deleted = rows.filter(({ deletedAt, reclaimedAt }) => deletedAt !== null && reclaimedAt === null);
  const latest = listed.find(({ trigger }) => trigger !== 'safety');
  if (given === 'latest' && latest !== undefined) return latest;
  const [wanted, others] = among === 'listed' ? [listed, deleted] : [deleted, listed];
  const found = pickRow(wanted, given);
  if (found !== undefined) return found;
  const other = pickRow(others, given);
  if (other !== undefined && among === 'deleted') return other;
  if (other !== undefined) throw new CodeframeError({ code: 'checkpoint-deleted', id: other.id });
  const near = nearest(
    given,
    wanted.flatMap(({ id, name }) => (name === null ? [id] : [id, name])),
  );
  const kind = among === 'listed' ? 'checkpoint' : 'deleted checkpoint';
  throw new CodeframeError({ code: 'unknown-id', kind, id: given, near });
}

function pickRow(rows: readonly CheckpointRow[], given: string): CheckpointRow | undefined {
  const exact = rows.find(({ id }) => id === given) ?? rows.find(({ name }) => name === given);
  if (exact !== undefined) return exact;
  const matches = given.length < prefixMin ? [] : rows.filter(({ id }) => id.startsWith(given));
  if (matches.length < 2) return matches[0];
  const ids = matches.map(({ id }) => id);
  throw new CodeframeError({ code: 'ambiguous-id', kind: 'checkpoint', id: given, matches: ids });
}

/** A checkpoint that is in the list, from the store. Throws as `ofKnown` and `CheckpointStore.open` do. */
export function openKnown(checkpoints: CheckpointStore, id: string): Promise<StoredCheckpoint> {
  return ofKnown(id, () => checkpoints.open(id));
}

/**
 * What `read` reads of a checkpoint that is in the list. Throws `corrupt-checkpoint` also when the store has lost it: to
 * say that there is none would send its owner to a list that has it.
 */
export async function ofKnown<T>(id: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!isFailure(cause, 'unknown-id')) throw cause;
    const problem = 'it is in the list, but gone from the store';
    throw new CodeframeError({ code: 'corrupt-checkpoint', id, part: 'all', problem }, { cause });
  }
}
