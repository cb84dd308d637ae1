import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './leftovers.ts';

const directory = 'making';
/** Of this process: those under way, and those that failed, whose makers have cleaned up by the next one. */
const underWay = new Set<string>();
const failed = new Set<string>();

/** Says which process makes a checkpoint, from before anything of it is anywhere until its ref is there. */
export function markMaking(store: string, id: string): void {
  for (const path of failed) rmSync(path, { force: true });
  failed.clear();
  mkdirSync(join(store, directory), { recursive: true, mode: 0o700 });
  writeFileSync(join(store, directory, id), String(process.pid), { mode: 0o600 });
  underWay.add(join(store, directory, id));
}

/** It was not made. The mark stays until its maker has surely taken back what it kept. */
export function leaveMaking(store: string, id: string): void {
  const path = join(store, directory, id);
  if (underWay.delete(path)) failed.add(path);
}

export function endMaking(store: string, id: string): void {
  underWay.delete(join(store, directory, id));
  rmSync(join(store, directory, id), { force: true });
}

/** Those whose process has died. */
export function cutMaking(store: string): readonly string[] {
  return namesIn(join(store, directory)).filter((id) => !isAlive(makerOf(join(store, directory, id))));
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    // None was made yet.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** NaN, which no process is, when it was killed before it could say so. */
function makerOf(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'latin1'), 10);
  } catch (error) {
    // It has just come to its end: as long as this process is there, which it is.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return process.pid;
    throw error;
  }
}
