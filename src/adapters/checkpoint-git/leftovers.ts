import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quarantinePrefix } from './quarantine.ts';

/**
 * git holds the lock of a ref for the instant in which it writes it, and a process owns a project for 15 s without a
 * sign of life. What is older belongs to one that is dead, or has stood still for longer than it could own anything:
 * should it go on, it misses its file and fails.
 */
const ageMaxMs = 15_000;

/** Takes away what killed processes left in a store and what would be in the way of this checkpoint. */
export function removeLeftovers(dir: string, id: string): void {
  removeOld(join(dir, 'refs', 'checkpoints', `${id}.lock`));
  for (const name of readdirSync(dir)) {
    const isAbandoned = name.startsWith(quarantinePrefix) && !isAlive(Number(/\d+/.exec(name)?.[0]));
    if (isAbandoned || name.startsWith('fast_import_crash_')) removeOld(join(dir, name));
  }
}

/** True also for another process with that number: what it did not leave is then taken away another time. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeOld(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && Date.now() - stats.mtimeMs > ageMaxMs)
    rmSync(path, { recursive: true, force: true });
}
