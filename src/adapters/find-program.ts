import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** The file that would run for a program's name, as execvp(3) finds it; null when there is none. */
export function findProgram(
  program: string,
  where: { readonly path: string; readonly dir: string },
): string | null {
  if (program === '') return null;
  const dirs = program.includes('/') ? [''] : where.path.split(delimiter);
  return dirs.map((dir) => resolve(where.dir, dir, program)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us: either way it is not the one.
    return false;
  }
}
