import { setTimeout as delay } from 'node:timers/promises';
import { CodeframeError } from '../../failure.ts';
import { isBusy } from './sqlite-failure.ts';

/** How long an operation may wait for a lock, from when it was asked for. */
export interface Patience {
  readonly path: string;
  readonly busyMs: number;
  /** `performance.now()` when the operation was asked for. */
  readonly since: number;
}

// Short and uneven, so that a writer who commits again and again does not take every gap before this one sees it.
const retryMs = { least: 1, most: 6 };

/**
 * Attempts until the lock is free. The first attempt is made at once, before this function returns, and at least one
 * is made however late it is. Throws `database-busy` when the time is over.
 */
export async function whileBusy<T>(attempt: () => T, patience: Patience): Promise<T> {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      const waitedMs = performance.now() - patience.since;
      if (waitedMs >= patience.busyMs) throw tooBusy(patience.path, waitedMs, error);
    }
    await delay(retryMs.least + Math.random() * (retryMs.most - retryMs.least));
  }
}

function tooBusy(path: string, waitedMs: number, cause: unknown): CodeframeError {
  return new CodeframeError({ code: 'database-busy', path, waitedMs: Math.round(waitedMs) }, { cause });
}
