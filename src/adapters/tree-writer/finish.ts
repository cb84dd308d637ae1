import { rmdirSync, unlinkSync } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { Counted, TreeOperation, WriteJob } from '../../checkpoint/tree-writer.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import { ownNames } from './journal.ts';
import { errorCode, nameOf, withDirectory } from './safe-directory.ts';
import {
  asFailure,
  breather,
  homeOf,
  setMode,
  syncAt,
  syncDirectories,
  touchedDirectories,
  unlessGone,
  type Site,
} from './site.ts';
import { look, modeOf } from './what-is-there.ts';

/** Takes away what was staged and moved aside, then gives directories their modes. Does again what was done already. */
export async function finishOperations(
  site: Site,
  finishing: WriteJob & { readonly onProgress: Counted | undefined },
): Promise<readonly TreePath[]> {
  const { restoreId, operations, onProgress } = finishing;
  const left: TreePath[] = [];
  const breathe = breather();
  for (const [index, operation] of operations.entries()) {
    const { fresh, old } = ownNames(restoreId, index);
    const cleared = await attempt(operation.path, () => {
      const clear = (name: string): boolean =>
        withDirectory(site.root, homeOf(operation), (home) => remove(site, home.at(name)));
      return clear(fresh) && clear(old);
    });
    if (!cleared) left.push(operation.path);
    onProgress?.(index + 1, operations.length);
    await breathe();
  }
  await syncDirectories(site, touchedDirectories(operations));
  // Deepest first: the mode of a directory above can close the way to those in it.
  for (const operation of operations.toSorted((a, b) => (a.path < b.path ? 1 : -1))) {
    if (operation.kind !== 'make-directory' && operation.kind !== 'set-directory-mode') continue;
    const set = await attempt(operation.path, () => setDirectoryMode(site, operation));
    if (!set) left.push(operation.path);
  }
  return [...new Set(left)].toSorted();
}

/** Answers true also when there is nothing at the path any more. */
async function attempt(path: TreePath, work: () => boolean): Promise<boolean> {
  try {
    return unlessGone(work) ?? true;
  } catch (error) {
    throw asFailure(error, path, 'clean up beside it');
  }
}

function remove(site: Site, path: Buffer): boolean {
  const stats = look(path);
  if (stats === undefined) return true;
  site.onStep('clean-up');
  if (!stats.isDirectory()) {
    unlinkSync(path);
    return true;
  }
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    // Written into by someone who had it open.
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

type ModeOperation = Extract<TreeOperation, { kind: 'make-directory' | 'set-directory-mode' }>;

/** Answers false when someone has given it another mode since. */
function setDirectoryMode(site: Site, operation: ModeOperation): boolean {
  const name = nameOf(operation.path);
  const before = operation.kind === 'make-directory' ? 0o700 : operation.before;
  return withDirectory(site.root, parentOf(operation.path), (directory) => {
    const stats = look(directory.at(name));
    if (stats === undefined || !stats.isDirectory()) return false;
    if (modeOf(stats) === operation.mode) return true;
    if (modeOf(stats) !== before) return false;
    site.onStep('set-directory-mode');
    // Synced before, while it can be opened: the new mode may forbid it.
    syncAt(directory.at(name));
    setMode(directory, name, operation.mode);
    return true;
  });
}
