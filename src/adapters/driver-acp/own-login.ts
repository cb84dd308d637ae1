import { readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeDurably } from '../durable-file.ts';

/**
 * Takes a login out of an agent's HOME; where it is newer than the user's own it takes that one's place, in one step, so
 * that nobody ever reads half of one. One that was not written to its end (its agent was killed) is put aside: the user's
 * own works still, or at least says what is wrong with it.
 */
export function handBackLogin(inside: string, own: string): void {
  // Many keep such files elsewhere, and only a link at the place where they are looked for.
  const target = realpathSync(own);
  if (statSync(inside).mtimeMs > statSync(target).mtimeMs) {
    const bytes = readFileSync(inside);
    if (!isWhole(inside, bytes)) return renameSync(inside, `${inside}.unreadable`);
    writeDurably(target, bytes, statSync(target).mode & 0o777);
  }
  rmSync(inside);
}

/** Whether somebody is signed in by this file: some agents make an empty one when they start. */
export function isLogin(file: string): boolean {
  try {
    const bytes = readFileSync(file);
    return isWhole(file, bytes) && !/^\s*\{\s*\}\s*$/u.test(bytes.toString('utf8'));
  } catch {
    return false;
  }
}

/** All logins are JSON. */
function isWhole(file: string, bytes: Buffer): boolean {
  if (!file.endsWith('.json')) return bytes.length > 0;
  try {
    const value = JSON.parse(bytes.toString('utf8')) as unknown;
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
