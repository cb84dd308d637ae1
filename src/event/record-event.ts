import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { ReadTransaction, WriteTransaction } from '../store/store.ts';
import type { EventData } from './event.ts';

export interface EventPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly actor: string;
}

/** Adds an event to the log in the transaction that makes it true. */
export function recordEvent(tx: WriteTransaction, ports: EventPorts, event: EventData): Promise<void> {
  return tx.append({ ...event, id: ports.ids.next('event'), at: ports.clock.now(), actor: ports.actor });
}

/** Whether a merge is committed: the event that says so is in the transaction that does it. */
export async function isMerged(tx: ReadTransaction, mergeId: string): Promise<boolean> {
  const where = { type: 'work-merged' } as const;
  const events = await tx.list('events', { where, orderBy: 'seq', descending: true });
  return events.some(({ data }) => 'mergeId' in data && data.mergeId === mergeId);
}
