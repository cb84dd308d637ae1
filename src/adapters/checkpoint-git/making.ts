import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './leftovers.ts';

/** Says which process makes a checkpoint, from before anything of it is anywhere until its ref is there. */
export function markMaking(store: string, id: string): void {
  mkdirSync(join(store, directory), { recursive: true, mode: 0o700 });
  writeFileSync(join(store, directory, id), String(process.pid), { mode: 0o600 });
}

const directory = 'making';

export function endMaking(store: string, id: string): void {
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
