import { createHash } from 'node:crypto';
import type { TreeChange } from '../handle.ts';
import type { PresentView } from './present-tree.ts';
import { showPath, type TreePath } from './tree.ts';
import type { Before, TreeOperation } from './tree-writer.ts';
import { ancestorsOf, type WantedTree } from './wanted-tree.ts';

/**
 * What people are shown of a plan, one line a path, sorted. A directory that appears or goes only because of
 * what is in it is not a line of its own.
 */
export function listChanges(
  operations: readonly TreeOperation[],
  view: PresentView,
  wanted: WantedTree,
): readonly TreeChange[] {
  const occupied = directoriesAbove(operations);
  const changes = new Map<TreePath, TreeChange['change']>();
  for (const operation of operations) {
    const change = changeOf(operation, view, wanted);
    const implied = change !== 'type' && isDirectoryMove(operation) && occupied.has(operation.path);
    if (!implied) changes.set(operation.path, change);
  }
  return [...changes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, change]) => ({ path: showPath(path), change }));
}

function directoriesAbove(operations: readonly TreeOperation[]): ReadonlySet<TreePath> {
  const directories = new Set<TreePath>();
  for (const { path } of operations) {
    for (const above of ancestorsOf(path)) {
      // Then those above it are, too.
      if (directories.has(above)) break;
      directories.add(above);
    }
  }
  return directories;
}

/** Equal for two plans exactly when they do the same to the same content. Times of files do not count. */
export function planDigest(operations: readonly TreeOperation[]): string {
  const hash = createHash('sha256');
  for (const operation of operations) hash.update(`${JSON.stringify(digestFields(operation))}\n`);
  return hash.digest('hex');
}

function changeOf(operation: TreeOperation, view: PresentView, wanted: WantedTree): TreeChange['change'] {
  switch (operation.kind) {
    case 'set-mode':
    case 'set-directory-mode':
      return 'mode';
    case 'remove':
    case 'remove-directory':
      return wanted.has(operation.path) ? 'type' : 'delete';
    case 'make-directory':
      return view.there(operation.path).kind === 'absent' ? 'add' : 'type';
    case 'put-file':
    case 'put-link':
      return putChange(operation, view);
  }
}

function putChange(
  operation: Extract<TreeOperation, { kind: 'put-file' | 'put-link' }>,
  view: PresentView,
): TreeChange['change'] {
  if (operation.before.kind === 'absent') return view.isDirectory(operation.path) ? 'type' : 'add';
  const kind = operation.kind === 'put-file' ? 'file' : 'link';
  return operation.before.kind === kind ? 'change' : 'type';
}

function isDirectoryMove(operation: TreeOperation): boolean {
  return operation.kind === 'make-directory' || operation.kind === 'remove-directory';
}

function digestFields(operation: TreeOperation): readonly unknown[] {
  const { kind, path } = operation;
  switch (kind) {
    case 'put-file':
      return [kind, path, operation.mode, operation.object, beforeFields(operation.before)];
    case 'put-link':
      return [kind, path, operation.target, beforeFields(operation.before)];
    case 'remove':
      return [kind, path, beforeFields(operation.before)];
    case 'make-directory':
    case 'remove-directory':
      return [kind, path, operation.mode];
    case 'set-mode':
      return [kind, path, operation.mode, beforeFields(operation.before)];
    case 'set-directory-mode':
      return [kind, path, operation.mode, operation.before];
  }
}

function beforeFields(before: Before): readonly unknown[] {
  switch (before.kind) {
    case 'absent':
      return [];
    case 'file':
      return [before.object, before.mode];
    case 'link':
      return [before.target];
  }
}
