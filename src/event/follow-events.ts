import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { EventRow } from './event.ts';

/** Read at a time, so that a long history is never in memory whole. */
const eventsPerRead = 500;
const pollMs = 50;

/** Events after `afterSeq` in order, without a gap; with `follow` those to come too, until the signal aborts. */
export async function* followEvents(
  ports: { readonly store: Store; readonly clock: Clock },
  options: { readonly afterSeq?: number; readonly follow?: boolean; readonly signal?: AbortSignal },
): AsyncIterable<EventRow> {
  const { store, clock } = ports;
  const { signal } = options;
  let after = options.afterSeq ?? 0;
  for (;;) {
    const version = await store.version();
    const rows = await store.read((tx) =>
      tx.list('events', { where: { seq: { gt: after } }, limit: eventsPerRead }),
    );
    for (const row of rows) {
      yield row;
      after = row.seq;
    }
    if (rows.length === eventsPerRead) continue;
    if (options.follow !== true || isAborted(signal)) return;
    while ((await store.version()) === version && !isAborted(signal)) await clock.sleep(pollMs, signal);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
