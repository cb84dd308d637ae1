import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quarantinePrefix } from './quarantine.ts';

/**
 * git holds the lock of a ref for the instant in which it writes it, and a process owns a project for 15 s without a
 * sign of life. What is older belongs to one that is dead, or has stood still for longer than it could own anything:
 * should it go on, it misses its file and fails.
 */
const ageMaxMs = 15_000;
const pollMs = 100;

/** Where a reclaimer packs what stays. */
export const repackPrefix = 'repack-';
/** What says that a reclaimer has its turn. */
export const reclaimerPrefix = 'reclaiming-';
const reclaiming = [repackPrefix, reclaimerPrefix];

/** Takes away what killed processes left in a store's own directory. */
export function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    const isAbandoned = name.startsWith(quarantinePrefix) && !isAlive(pidOf(name));
    if (isAbandoned || name.startsWith('fast_import_crash_')) removeOld(join(dir, name));
    const isReclaimers = reclaiming.some((prefix) => name.startsWith(prefix));
    if (isReclaimers && !isAlive(pidOf(name))) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** What killed processes left: the above, locks of refs, and packs that git had not finished. Paths within the store. */
export function findLeftovers(dir: string): readonly string[] {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const own = namesIn(dir).filter(
    (name) =>
      name.startsWith('fast_import_crash_') ||
      ([quarantinePrefix, ...reclaiming].some((prefix) => name.startsWith(prefix)) && !isAlive(pidOf(name))),
  );
  const packs = namesIn(join(dir, 'objects/pack')).filter((name) => name.startsWith('tmp_'));
  const found = [...own, ...locksIn(dir), ...packs.map((name) => `objects/pack/${name}`)];
  return found.filter((name) => isOld(join(dir, name)));
}

/** Takes those away. */
export function takeAwayLeftovers(dir: string): void {
  for (const name of findLeftovers(dir)) rmSync(join(dir, name), { recursive: true, force: true });
}

/** Takes away the locks of refs that are too old to be anybody's. */
export function removeOldLocks(dir: string): void {
  for (const name of locksIn(dir)) removeOld(join(dir, name));
}

/**
 * Waits until the locks that git takes of these refs are given back, or are old enough to be taken away. Answers false
 * after twice that age.
 */
export async function outliveLocks(dir: string, refs: readonly string[]): Promise<boolean> {
  const until = performance.now() + 2 * ageMaxMs;
  const awaited = ['packed-refs.lock', ...refs.map((ref) => `${ref}.lock`)];
  while (awaited.some((name) => existsSync(join(dir, name)))) {
    if (performance.now() > until) return false;
    for (const name of awaited) removeOld(join(dir, name));
    await sleep(pollMs);
  }
  return true;
}

function locksIn(dir: string): readonly string[] {
  const refs = namesIn(join(dir, 'refs/checkpoints')).filter((name) => name.endsWith('.lock'));
  return [
    ...refs.map((name) => `refs/checkpoints/${name}`),
    ...namesIn(dir).filter((name) => name === 'packed-refs.lock'),
  ];
}

function namesIn(dir: string): readonly string[] {
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(dir) : [];
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
  if (isOld(path)) rmSync(path, { recursive: true, force: true });
}

function isOld(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > ageMaxMs;
}
