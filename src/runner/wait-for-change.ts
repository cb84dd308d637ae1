import type { Clock } from '../clock.ts';
import type { Store } from '../store/store.ts';

/** How often the store is asked whether anything has changed, in ms: one question takes a few microseconds. */
export const pollMs = 20;

/** Returns when the store's version is another than `version`, when the time is over, or when the signal aborts. */
export async function waitForChange(
  ports: { readonly store: Store; readonly clock: Clock },
  waiting: { readonly version: number; readonly withinMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { store, clock } = ports;
  const until = clock.elapsed() + waiting.withinMs;
  while (clock.elapsed() < until && waiting.signal?.aborted !== true) {
    if ((await store.version()) !== waiting.version) return;
    await clock.sleep(pollMs, waiting.signal);
  }
}
