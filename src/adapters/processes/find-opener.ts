import { openFiles } from '../open-files.ts';

/**
 * Another process that has a file open, also one whose name is gone since; null when none is seen, as of another user, or
 * where the system does not tell.
 */
export function findOpener(path: string): number | null {
  const raw = Buffer.from(path).toString('latin1');
  for (const { pid, target } of openFiles())
    if (target === raw || target === `${raw} (deleted)`) return Number(pid);
  return null;
}
