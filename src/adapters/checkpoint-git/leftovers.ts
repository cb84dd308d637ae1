import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quarantinePrefix } from './quarantine.ts';

/**
 * git holds the lock of a ref for the instant in which it writes it, and a process owns a project for 15 s without a
 * sign of life. What is older belongs to one that is dead, or has stood still for longer than it could own anything:
 * should it go on, it misses its file and fails.
 */
const ageMaxMs = 15_000;

/** Where a reclaimer packs what stays. */
export const repackPrefix = 'repack-';
/** What says that a reclaimer has its turn. */
export const reclaimerPrefix = 'reclaiming-';
const reclaiming = [repackPrefix, reclaimerPrefix];

/** Takes away what killed processes left in a store and, with an id, what would be in the way of this checkpoint. */
export function removeLeftovers(dir: string, id?: string): void {
  if (id !== undefined) removeOld(join(dir, 'refs', 'checkpoints', `${id}.lock`));
  for (const name of readdirSync(dir)) {
    const isAbandoned = name.startsWith(quarantinePrefix) && !isAlive(pidOf(name));
    if (isAbandoned || name.startsWith('fast_import_crash_')) removeOld(join(dir, name));
    const isReclaimers = reclaiming.some((prefix) => name.startsWith(prefix));
    if (isReclaimers && !isAlive(pidOf(name))) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** The process that a name in the store tells of. */
export function pidOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0]);
}

/** True also for another process with that number: what it did not leave is then taken away another time. */
export function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return false;
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
