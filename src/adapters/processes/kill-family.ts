import { setTimeout as sleep } from 'node:timers/promises';
import type { KillReport } from '../../agent/processes.ts';
import type { ProcessEntry, ProcessTable } from './process-table.ts';

/** Finds the living processes that are meant, children before their parents. */
export type Search = () => readonly ProcessEntry[];

const pollMs = 5;
/** A process in the middle of execve(2) shows no environment for a moment, so one look that finds nothing proves little. */
const emptyLooks = 2;

/**
 * Stops what `search` finds until a look finds nothing new, and kills it then: a stopped process cannot fork away.
 * Goes on until it looked in vain twice, or `withinMs` is over.
 */
export async function killFamily(search: Search, table: ProcessTable, withinMs: number): Promise<KillReport> {
  const deadline = performance.now() + withinMs;
  const isLate = (): boolean => performance.now() >= deadline;
  const met = new Map<string, ProcessEntry>();
  let empty = 0;
  while (empty < emptyLooks) {
    const found = freeze(search, table, isLate);
    for (const entry of found) {
      met.set(keyOf(entry), entry);
      signal(entry, 'SIGKILL', table);
    }
    empty = found.length === 0 ? empty + 1 : 0;
    if (isLate()) break;
    await sleep(pollMs);
  }
  const left = [...met.values()].filter((entry) => lives(entry, table)).map(({ pid }) => pid);
  return { killed: met.size - left.length, left };
}

/** Stops what `search` finds until a look finds nothing new; answers what lets all of it go on. */
export function freezeFamily(search: Search, table: ProcessTable, withinMs: number): () => void {
  const deadline = performance.now() + withinMs;
  const frozen = freeze(search, table, () => performance.now() >= deadline);
  return () => {
    for (const entry of frozen.toReversed()) signal(entry, 'SIGCONT', table);
  };
}

/** Answers the last look, which found nothing that was not stopped already. */
function freeze(search: Search, table: ProcessTable, isLate: () => boolean): readonly ProcessEntry[] {
  const frozen = new Set<string>();
  let found = search();
  while (found.some((entry) => !frozen.has(keyOf(entry))) && !isLate()) {
    for (const entry of found) {
      if (frozen.has(keyOf(entry))) continue;
      frozen.add(keyOf(entry));
      signal(entry, 'SIGSTOP', table);
    }
    found = search();
  }
  return found;
}

/** Nothing is signalled that took over the pid of a process which has ended since it was found. */
function signal(entry: ProcessEntry, name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL', table: ProcessTable): void {
  if (!lives(entry, table)) return;
  try {
    process.kill(entry.pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone in between, or another user's: the last look says which.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function lives(entry: ProcessEntry, table: ProcessTable): boolean {
  const now = table.entry(entry.pid);
  return now !== null && now.start === entry.start && !now.over;
}

function keyOf(entry: ProcessEntry): string {
  return `${entry.pid} ${entry.start}`;
}
