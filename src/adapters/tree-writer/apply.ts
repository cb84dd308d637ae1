import { chownSync, closeSync, linkSync, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import type { Counted, TreeOperation } from '../../checkpoint/tree-writer.ts';
import { ownNames } from './journal.ts';
import { errorCode, moved, nameOf, withDirectory, type SafeDirectory } from './safe-directory.ts';
import {
  asFailure,
  breather,
  setMode,
  syncAt,
  syncDirectories,
  touchedDirectories,
  type Site,
} from './site.ts';
import { ownerFor } from './stage.ts';
import { isAsBefore, isSame, look, modeOf } from './what-is-there.ts';

export interface Applying {
  readonly restoreId: string;
  readonly operations: readonly TreeOperation[];
  /** False when another owner ended the restore meanwhile, because this process was stopped for too long. */
  readonly isOpen: () => boolean;
  readonly onProgress: Counted | undefined;
}

/** Carries out the operations, each checked right before and, where something was moved aside, right after. */
export async function applyOperations(site: Site, applying: Applying): Promise<void> {
  const { restoreId, operations, onProgress } = applying;
  const breathe = breather();
  for (const [index, operation] of operations.entries()) {
    checkOpen(applying);
    try {
      applyOne(site, operation, ownNames(restoreId, index));
    } catch (error) {
      throw asFailure(error, operation.path, 'change it');
    }
    onProgress?.(index + 1, operations.length);
    await breathe();
  }
  await syncDirectories(site, touchedDirectories(operations));
  checkOpen(applying);
}

function checkOpen({ isOpen }: Applying): void {
  if (!isOpen()) throw new Error('another process ended this restore');
}

interface OwnNames {
  readonly fresh: string;
  readonly old: string;
}

function applyOne(site: Site, operation: TreeOperation, own: OwnNames): void {
  const { path } = operation;
  const name = nameOf(path);
  withDirectory(site.root, parentOf(path), (directory) => {
    switch (operation.kind) {
      case 'put-file':
      case 'put-link':
        return putLeaf(site, operation, { directory, name, own });
      case 'remove':
        return moveAside(site, operation, { directory, name, own });
      case 'make-directory':
        return makeDirectory(site, operation, { directory, name, own });
      case 'remove-directory':
        return moveDirectoryAside(site, operation, { directory, name, own });
      case 'set-mode':
        return changeMode(site, operation, { directory, name, own });
      case 'set-directory-mode':
        return checkDirectory(operation.path, directory.at(name), operation.before);
    }
  });
}

interface Spot {
  readonly directory: SafeDirectory;
  readonly name: string;
  readonly own: OwnNames;
}

type Of<Kind extends TreeOperation['kind']> = Extract<TreeOperation, { kind: Kind }>;

function putLeaf(site: Site, operation: Of<'put-file' | 'put-link'>, spot: Spot): void {
  if (operation.before.kind !== 'absent') moveAside(site, { ...operation, before: operation.before }, spot);
  site.onStep('put');
  const target = spot.directory.at(spot.name);
  withDirectory(site.root, operation.home, (home) => {
    if (mayLink(operation) && tryLink(home.at(spot.own.fresh), target)) return;
    if (look(target) !== undefined) throw moved(operation.path);
    // Says, in the place of the second link, that what is at the target is ours; see `roll-back.ts`.
    if (operation.before.kind === 'absent') closeSync(openSync(home.at(spot.own.old), 'wx', 0o600));
    renameSync(home.at(spot.own.fresh), target);
  });
}

/** Elsewhere than on Linux a hard link to a link is one to what it leads to. */
function mayLink(operation: TreeOperation): boolean {
  return operation.kind === 'put-file' || process.platform === 'linux';
}

/**
 * A second link and not a rename: it fails when something has appeared at the target, and it shows afterwards that what
 * is there is ours. False where the file system has no hard links.
 */
function tryLink(fresh: Buffer, target: Buffer): boolean {
  try {
    linkSync(fresh, target);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error))) return false;
    throw error;
  }
}

function moveAside(
  site: Site,
  operation: { readonly path: string; readonly home: string; readonly before: Of<'remove'>['before'] },
  spot: Spot,
): void {
  const { path, before } = operation;
  const from = spot.directory.at(spot.name);
  const seen = look(from);
  if (seen === undefined || !isAsBefore(from, before)) throw moved(path);
  site.onStep('move-aside');
  withDirectory(site.root, operation.home, (home) => {
    const old = home.at(spot.own.old);
    renameSync(from, old);
    // Whatever was put in its place between the two looks is aside now, and comes back with the roll-back.
    const got = look(old);
    if (got === undefined || !isSame(seen, got)) throw moved(path);
  });
}

function moveDirectoryAside(site: Site, operation: Of<'remove-directory'>, spot: Spot): void {
  const from = spot.directory.at(spot.name);
  checkDirectory(operation.path, from, operation.mode);
  site.onStep('move-directory-aside');
  withDirectory(site.root, operation.home, (home) => {
    const old = home.at(spot.own.old);
    renameSync(from, old);
    if (readdirSync(old).length > 0) throw moved(operation.path);
  });
}

/** Open to its owner alone until `finish` sets its mode, so that it can be filled whatever the mode is. */
function makeDirectory(site: Site, operation: Of<'make-directory'>, spot: Spot): void {
  site.onStep('make-directory');
  const owner = ownerFor(site, operation);
  const path = spot.directory.at(spot.name);
  mkdirSync(path, 0o700);
  if (owner !== null) chownSync(path, owner.uid, owner.gid);
}

function changeMode(site: Site, operation: Of<'set-mode'>, spot: Spot): void {
  const path = spot.directory.at(spot.name);
  if (!isAsBefore(path, operation.before)) throw moved(operation.path);
  site.onStep('set-mode');
  setMode(spot.directory, spot.name, operation.mode);
  trySync(path);
}

function checkDirectory(path: string, at: Buffer, mode: number): void {
  const stats = look(at);
  if (stats === undefined || !stats.isDirectory() || modeOf(stats) !== mode) throw moved(path);
}

/** A file that its owner may not read cannot be opened to be synced. */
function trySync(path: Buffer): void {
  try {
    syncAt(path);
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error;
  }
}
