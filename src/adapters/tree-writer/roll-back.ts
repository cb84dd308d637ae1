import { renameSync, rmdirSync, unlinkSync } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { TreeOperation } from '../../checkpoint/tree-writer.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import { ownNames } from './journal.ts';
import { errorCode, nameOf, withDirectory, type SafeDirectory } from './safe-directory.ts';
import {
  asFailure,
  breather,
  homeOf,
  setMode,
  syncDirectories,
  touchedDirectories,
  unlessGone,
  type Site,
} from './site.ts';
import { hasContent, isAsBefore, linkTarget, look, modeOf } from './what-is-there.ts';

/**
 * Takes operations back, last first. What was done is read from the disk, so it does not matter how far they came:
 * a file moved aside says that its operation was begun. What is neither old nor new is somebody's later work: it stays,
 * and its path is answered.
 */
export async function rollBackOperations(
  site: Site,
  restoreId: string,
  operations: readonly TreeOperation[],
): Promise<readonly TreePath[]> {
  const left: TreePath[] = [];
  const breathe = breather();
  const cleared = new Set(operations.filter(isRemoval).map(({ path }) => path));
  for (const [index, operation] of [...operations.entries()].reverse()) {
    const own = ownNames(restoreId, index);
    try {
      const back = takeBack(site, operation, own);
      // Where something had to give way first, its removal says what is left: it may still be there.
      if (!back && (isRemoval(operation) || !cleared.has(operation.path))) left.push(operation.path);
      unlessGone(() =>
        withDirectory(site.root, homeOf(operation), (home) => remove(site, home.at(own.fresh))),
      );
    } catch (error) {
      throw asFailure(error, operation.path, 'put it back');
    }
    await breathe();
  }
  await syncDirectories(site, touchedDirectories(operations));
  return [...new Set(left)].toSorted();
}

function isRemoval(operation: TreeOperation): boolean {
  return operation.kind === 'remove' || operation.kind === 'remove-directory';
}

/** Answers false when the path was left as somebody made it since. */
function takeBack(site: Site, operation: TreeOperation, own: OwnNames): boolean {
  switch (operation.kind) {
    case 'put-file':
    case 'put-link':
    case 'remove':
      return takeBackLeaf(site, operation, own);
    case 'make-directory':
      return takeBackDirectory(site, operation);
    case 'remove-directory':
      return putDirectoryBack(site, operation, own.old);
    case 'set-mode':
      return takeBackMode(site, operation);
    case 'set-directory-mode':
      return true;
  }
}

interface OwnNames {
  readonly fresh: string;
  readonly old: string;
}

type Leaf = Of<'put-file' | 'put-link' | 'remove'>;
type Of<Kind extends TreeOperation['kind']> = Extract<TreeOperation, { kind: Kind }>;

function takeBackLeaf(site: Site, operation: Leaf, own: OwnNames): boolean {
  const done = unlessGone(() =>
    withDirectory(site.root, operation.home, (home) =>
      operation.before.kind === 'absent'
        ? takeAway(site, operation, { home, own })
        : putBack(site, operation, { home, own }),
    ),
  );
  return done ?? true;
}

interface Aside {
  readonly home: SafeDirectory;
  readonly own: OwnNames;
}

function takeAway(site: Site, operation: Leaf, aside: Aside): boolean {
  const away = inParent(site, operation.path, (path) => {
    if (look(path) === undefined) return true;
    if (!isOurs(path, operation, aside)) return false;
    remove(site, path);
    return true;
  });
  remove(site, aside.home.at(aside.own.old));
  return away ?? true;
}

function putBack(site: Site, operation: Leaf, aside: Aside): boolean {
  const old = aside.home.at(aside.own.old);
  if (look(old) === undefined) return true;
  const back = inParent(site, operation.path, (path) => {
    if (look(path) !== undefined && !isOurs(path, operation, aside)) return false;
    site.onStep('put-back');
    renameSync(old, path);
    return true;
  });
  if (back === true) return true;
  // The safety checkpoint holds what lies aside, unless it changed after it was planned: then this is the only copy.
  if (operation.before.kind !== 'absent' && isAsBefore(old, operation.before)) remove(site, old);
  return false;
}

/** Whether a path still is what the operation made of it: the staged file, with its content. */
function isOurs(path: Buffer, operation: Leaf, aside: Aside): boolean {
  const stats = look(path);
  if (stats === undefined || operation.kind === 'remove') return false;
  const fresh = look(aside.home.at(aside.own.fresh));
  // Without a staged file it was renamed to its target, which the file in the place of the old one says.
  const renamed = look(aside.home.at(aside.own.old)) !== undefined;
  const put = fresh === undefined ? renamed : fresh.ino === stats.ino && fresh.dev === stats.dev;
  if (!put) return false;
  if (operation.kind === 'put-link') return stats.isSymbolicLink() && linkTarget(path) === operation.target;
  return stats.isFile() && hasContent(path, operation.object);
}

function takeBackDirectory(site: Site, operation: Of<'make-directory'>): boolean {
  const taken = inParent(site, operation.path, (path) => {
    const stats = look(path);
    // Another mode than the one it was made with: somebody else's.
    if (stats === undefined || !stats.isDirectory() || modeOf(stats) !== 0o700) return true;
    site.onStep('take-directory-back');
    try {
      rmdirSync(path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      return false;
    }
  });
  return taken ?? true;
}

function putDirectoryBack(site: Site, operation: Of<'remove-directory'>, old: string): boolean {
  const done = unlessGone(() =>
    withDirectory(site.root, operation.home, (home) => {
      const aside = home.at(old);
      if (look(aside) === undefined) return true;
      const back = inParent(site, operation.path, (path) => {
        if (look(path) !== undefined) return false;
        site.onStep('put-directory-back');
        renameSync(aside, path);
        return true;
      });
      if (back === true) return true;
      site.onStep('drop-directory');
      rmdirSync(aside);
      return false;
    }),
  );
  return done ?? true;
}

function takeBackMode(site: Site, operation: Of<'set-mode'>): boolean {
  const done = unlessGone(() =>
    withDirectory(site.root, parentOf(operation.path), (directory) => {
      const stats = look(directory.at(nameOf(operation.path)));
      if (stats === undefined || !stats.isFile()) return false;
      if (modeOf(stats) === operation.before.mode) return true;
      if (modeOf(stats) !== operation.mode) return false;
      site.onStep('take-mode-back');
      setMode(directory, nameOf(operation.path), operation.before.mode);
      return true;
    }),
  );
  return done ?? false;
}

function inParent<T>(site: Site, path: TreePath, work: (at: Buffer) => T): T | undefined {
  return unlessGone(() =>
    withDirectory(site.root, parentOf(path), (directory) => work(directory.at(nameOf(path)))),
  );
}

function remove(site: Site, path: Buffer): void {
  if (look(path) === undefined) return;
  site.onStep('remove');
  unlinkSync(path);
}
