import type { ProcessEntry, ProcessTable } from './process-table.ts';

/** Nothing is signalled that took over the pid of a process which has ended since it was found. */
export function signalProcess(
  entry: ProcessEntry,
  name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL',
  table: ProcessTable,
): void {
  if (!lives(entry, table)) return;
  try {
    process.kill(entry.pid, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Gone in between, or another user's: the last look says which.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

/** Whether this very process still runs. */
export function lives(entry: ProcessEntry, table: ProcessTable): boolean {
  const now = table.entry(entry.pid);
  return now !== null && now.start === entry.start && !now.over;
}
