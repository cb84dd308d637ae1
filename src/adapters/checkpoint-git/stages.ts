import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './leftovers.ts';

const prefix = '.arriving-';

/** How the directory starts in which a process looks at what arrives: it bears its id. */
export function stageName(pid: number): string {
  return `${prefix}${pid}-`;
}

/** Takes away those of processes that are gone. */
export function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix) || isAlive(Number(/\d+/.exec(name)?.[0]))) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}
