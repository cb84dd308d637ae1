import { accessSync, constants, statfsSync } from 'node:fs';
import { CodeframeError } from '../../failure.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import type { TreeOperation } from '../../checkpoint/tree-writer.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import { nameOf, withDirectory } from './safe-directory.ts';
import { homeOf, touchedDirectories, type Site } from './site.ts';
import { look } from './what-is-there.ts';

/** Finds out what would fail half way, before anything is changed. Throws `restore-blocked`, `no-space`, `tree-moved`. */
export function preflight(site: Site, operations: readonly TreeOperation[]): void {
  const problems = [...directoryProblems(site, operations), ...ownerProblems(site, operations)];
  if (problems.length > 0) throw new CodeframeError({ code: 'restore-blocked', problems });
  checkSpace(site, operations);
}

interface Problem {
  readonly path: string;
  readonly problem: string;
}

function* directoryProblems(site: Site, operations: readonly TreeOperation[]): Generator<Problem> {
  const made = new Set(operations.filter(({ kind }) => kind === 'make-directory').map(({ path }) => path));
  const needed = new Set(touchedDirectories(operations));
  // A directory can be moved aside only by who may write in it.
  for (const { kind, path } of operations) if (kind === 'remove-directory') needed.add(path);
  for (const directory of [...needed].filter((path) => !made.has(path)).toSorted()) {
    const writable = withDirectory(site.root, directory, ({ self }) => mayWrite(self));
    if (!writable) yield { path: shown(directory), problem: 'its directory cannot be written' };
  }
}

function* ownerProblems(site: Site, operations: readonly TreeOperation[]): Generator<Problem> {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return;
  for (const { kind, path } of operations) {
    if (kind !== 'set-mode' && kind !== 'set-directory-mode') continue;
    const stats = withDirectory(site.root, parentOf(path), (directory) => look(directory.at(nameOf(path))));
    if (stats !== undefined && Number(stats.uid) !== user) {
      yield { path: showPath(path), problem: 'its mode can only be set by its owner' };
    }
  }
}

function mayWrite(directory: Buffer): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** By file system, because a directory of the project can be a mount. */
function checkSpace(site: Site, operations: readonly TreeOperation[]): void {
  const needs = new Map<bigint, { home: TreePath; bytes: number; files: number }>();
  for (const operation of operations) {
    if (operation.kind !== 'put-file') continue;
    const home = homeOf(operation);
    const device = withDirectory(site.root, home, ({ self }) => look(self)?.dev ?? 0n);
    const need = needs.get(device) ?? { home, bytes: 0, files: 0 };
    needs.set(device, {
      home,
      bytes: need.bytes + Math.ceil(operation.size / 4096) * 4096,
      files: need.files + 1,
    });
  }
  for (const { home, bytes, files } of needs.values()) {
    const space = withDirectory(site.root, home, ({ self }) => statfsSync(self));
    // File systems that make inodes as needed say that they have none.
    const full = space.files > 0 && space.ffree < files;
    if (full || space.bavail * space.bsize < bytes) {
      const path = home === '' ? site.root : `${site.root}/${showPath(home)}`;
      throw new CodeframeError({ code: 'no-space', path });
    }
  }
}

function shown(directory: TreePath): string {
  return directory === '' ? '.' : showPath(directory);
}
