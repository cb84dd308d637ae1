import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * git holds the lock of a ref for the instant in which it writes it. One that is older than the lease of a runner
 * belongs to a process that is dead or has stood still for longer than it could have owned the project.
 */
const lockMaxMs = 15_000;

/**
 * A pack in the making grows while it is written. One that has not for ten minutes is of a process that was killed;
 * should that only have stood still, it fails when it wants to give the file its name, and no checkpoint comes of it.
 */
const partialMaxMs = 600_000;

/** Takes away what killed processes left in a store and what would be in the way of this checkpoint. */
export function removeLeftovers(dir: string, id: string): void {
  removeOld(join(dir, 'refs', 'checkpoints', `${id}.lock`), lockMaxMs);
  for (const name of namesIn(join(dir, 'objects', 'pack'))) {
    // A `.keep` of fast-import would keep its pack from ever being collected.
    if (/^tmp_|\.keep$/.test(name)) removeOld(join(dir, 'objects', 'pack', name), partialMaxMs);
  }
  for (const name of namesIn(dir)) {
    if (name.startsWith('fast_import_crash_')) removeOld(join(dir, name), partialMaxMs);
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function removeOld(path: string, ageMaxMs: number): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && Date.now() - stats.mtimeMs > ageMaxMs) rmSync(path, { force: true });
}
