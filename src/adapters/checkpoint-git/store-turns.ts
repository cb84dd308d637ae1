import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodeframeError } from '../../failure.ts';
import { isAlive, pidOf, reclaimerPrefix } from './leftovers.ts';
import { Quarantine, quarantinePrefix } from './quarantine.ts';

const pollMs = 20;
/** How long a writer waits for a reclaimer, whose turn takes as long as some files take to be deleted. */
const writerWaitMs = 30_000;

let count = 0;

/**
 * Who writes takes what is in the store for granted; who reclaims deletes some of it. So both say by a name in the store's
 * directory that they are there, and then look for the other: never do both go on, whichever process they are of, and a
 * name whose process has died counts for nothing. A writer gives way, and comes again; nobody but it waits.
 */
export async function beginWriting(dir: string, waitMs = writerWaitMs): Promise<Quarantine> {
  const until = performance.now() + waitMs;
  for (;;) {
    const quarantine = new Quarantine(dir);
    const [reclaimer] = living(dir, reclaimerPrefix);
    if (reclaimer === undefined) return quarantine;
    quarantine.remove();
    if (performance.now() > until)
      throw new CodeframeError({ code: 'store-busy', path: dir, pid: pidOf(reclaimer) });
    await sleep(pollMs);
  }
}

/** Does the work while nobody writes to the store or reclaims its space. Answers `busy` when such a moment does not come. */
export async function withoutWriters<T>(
  dir: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T | 'busy'> {
  const until = performance.now() + waitMs;
  while (performance.now() < until) {
    if (living(dir, quarantinePrefix).length === 0) {
      const done = await tryTurn(dir, work);
      if (done !== 'busy') return done;
    }
    // Two that came at once must not meet again.
    await sleep(pollMs * (1 + 4 * Math.random()));
  }
  return 'busy';
}

async function tryTurn<T>(dir: string, work: () => Promise<T>): Promise<T | 'busy'> {
  const name = `${reclaimerPrefix}${process.pid}-${++count}`;
  const mark = join(dir, name);
  closeSync(openSync(mark, 'wx', 0o600));
  try {
    const others = [...living(dir, quarantinePrefix), ...living(dir, reclaimerPrefix)];
    return others.some((other) => other !== name) ? 'busy' : await work();
  } finally {
    rmSync(mark, { force: true });
  }
}

/** The names of processes that are there. */
function living(dir: string, prefix: string): readonly string[] {
  return readdirSync(dir).filter((name) => name.startsWith(prefix) && isAlive(pidOf(name)));
}
