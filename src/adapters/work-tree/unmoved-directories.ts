import { lstatSync, type Stats } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import { kindOf } from './file-stat.ts';
import type { SeenDirectory } from './listing.ts';
import { numbersPerName } from './look-at-directories.ts';
import { rawPath } from './raw-path.ts';

/**
 * The directories in which no name has come or gone since they were seen: each is the one that it was, with the times that
 * it had, and has been left alone since before `quietSince` (in ms since 1970, some time before that look). Whatever makes,
 * renames or deletes a name sets the times of its directory, and nobody can set ctime back. A name that came after that
 * look and before the times were taken makes the directory too young.
 */
export function unmovedDirectories(
  root: string,
  seen: ReadonlyMap<TreePath, SeenDirectory>,
  quietSince: number,
): ReadonlySet<TreePath> {
  const unmoved = new Set<TreePath>();
  for (const [above, directory] of seen) {
    if (directory.directories.length === 0) continue;
    const { stats } = directory;
    directory.names.split('/').forEach((name, i) => {
      const at = i * numbersPerName;
      if (kindOf(stats[at] ?? 0) !== 'directory') return;
      const path = above === '' ? name : `${above}/${name}`;
      if ((stats[at + 3] ?? 0) < quietSince && isAsSeen(root, path, stats.subarray(at, at + numbersPerName)))
        unmoved.add(path);
    });
  }
  return unmoved;
}

function isAsSeen(root: string, path: TreePath, numbers: Float64Array): boolean {
  const now = lookAt(root, path);
  if (now === undefined || kindOf(now.mode) !== 'directory') return false;
  const [mode, , mtimeMs, ctimeMs, ino, dev] = numbers;
  return (
    now.mode === mode &&
    now.mtimeMs === mtimeMs &&
    now.ctimeMs === ctimeMs &&
    now.ino === ino &&
    now.dev === dev
  );
}

function lookAt(root: string, path: TreePath): Stats | undefined {
  try {
    return lstatSync(rawPath(root, path), { throwIfNoEntry: false });
  } catch {
    // Then the scan says why it cannot be looked at.
    return undefined;
  }
}
