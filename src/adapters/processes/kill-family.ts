import { setTimeout as sleep } from 'node:timers/promises';
import type { KillReport } from '../../agent/processes.ts';
import { childrenFirst } from './family.ts';
import { stopAll } from './freeze-family.ts';
import { keyOf, type ProcessEntry, type ProcessTable } from './process-table.ts';
import { lives, signalProcess } from './signal-process.ts';

const pollMs = 5;
/** A process that is just being forked or changed may be missed, so one look that finds nothing proves little. */
const emptyLooks = 2;

/** Stops all that is found, kills it, and looks again, until it looked in vain twice or `withinMs` is over. */
export async function killFamily(
  look: () => readonly ProcessEntry[],
  table: ProcessTable,
  withinMs: number,
): Promise<KillReport> {
  const deadline = performance.now() + withinMs;
  const isLate = (): boolean => performance.now() >= deadline;
  const met = new Map<string, ProcessEntry>();
  let empty = 0;
  while (empty < emptyLooks) {
    const found = stopAll(look, table, isLate);
    for (const entry of childrenFirst(found)) {
      met.set(keyOf(entry), entry);
      signalProcess(entry, 'SIGKILL', table);
    }
    empty = found.length === 0 ? empty + 1 : 0;
    if (isLate()) break;
    await sleep(pollMs);
  }
  const left = [...met.values()].filter((entry) => lives(entry, table)).map(({ pid }) => pid);
  return { killed: met.size - left.length, left };
}
