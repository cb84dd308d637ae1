import { readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Nobody is at making a project for as long; ms. */
const youngMs = 60_000;

/** Directories among the projects' data that an `init` made which was killed before it had a project: there is nothing in them. */
export function findUnusedData(projectsDir: string): readonly string[] {
  return namesIn(projectsDir).filter((name) => {
    const dir = join(projectsDir, name);
    const isYoung = Date.now() - (statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < youngMs;
    return /^p[0-9a-z]{12}$/.test(name) && !isYoung && namesIn(dir).every((one) => isEmpty(join(dir, one)));
  });
}

/** Takes those away. Whatever has come into one meanwhile stays. */
export function removeUnusedData(projectsDir: string): void {
  for (const name of findUnusedData(projectsDir)) {
    const dir = join(projectsDir, name);
    for (const one of namesIn(dir)) removeEmpty(join(dir, one));
    removeEmpty(dir);
  }
}

function removeEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
  }
}

function isEmpty(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && namesIn(path).length === 0;
}

function namesIn(dir: string): readonly string[] {
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(dir) : [];
}
