import { setTimeout as sleep } from 'node:timers/promises';
import type { Thaw } from '../../agent/processes.ts';
import { keyOf, type ProcessEntry, type ProcessTable } from './process-table.ts';
import { signalProcess } from './signal-process.ts';

const pollMs = 2;

/**
 * Stops what is found until a look finds nothing new, and waits until it stands still. Answers what lets it go on again,
 * but for what had been stopped before, by whomever.
 */
export async function freezeFamily(
  look: () => readonly ProcessEntry[],
  table: ProcessTable,
  withinMs: number,
): Promise<Thaw> {
  const deadline = performance.now() + withinMs;
  const isLate = (): boolean => performance.now() >= deadline;
  const frozen = stopAll(look, table, isLate);
  const running = frozen.filter(({ stopped }) => !stopped);
  // The signal is on its way; a write that the process is in the middle of is not over yet.
  while (running.some((entry) => isMoving(entry, table)) && !isLate()) await sleep(pollMs);
  return () => letGo(frozen, table);
}

/** Stops what is found until a look finds nothing new: what is stopped cannot fork away. Answers all of it as it was found. */
export function stopAll(
  look: () => readonly ProcessEntry[],
  table: ProcessTable,
  isLate: () => boolean,
): readonly ProcessEntry[] {
  const met = new Map<string, ProcessEntry>();
  try {
    for (;;) {
      const fresh = look().filter((entry) => !met.has(keyOf(entry)));
      for (const entry of fresh) {
        met.set(keyOf(entry), entry);
        signalProcess(entry, 'SIGSTOP', table);
      }
      if (fresh.length === 0 || isLate()) return [...met.values()];
    }
  } catch (error) {
    // Nobody else knows what stands still now.
    letGo([...met.values()], table);
    throw error;
  }
}

/** Lets processes go on, but for what had been stopped before. */
function letGo(frozen: readonly ProcessEntry[], table: ProcessTable): void {
  for (const entry of frozen.toReversed()) if (!entry.stopped) signalProcess(entry, 'SIGCONT', table);
}

function isMoving(entry: ProcessEntry, table: ProcessTable): boolean {
  const now = table.entry(entry.pid);
  return now !== null && now.start === entry.start && !now.over && !now.stopped;
}
