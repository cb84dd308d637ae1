import type { TreeOperation } from '../../checkpoint/tree-writer.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';
import { nameOf, withDirectory } from './safe-directory.ts';
import type { Site } from './site.ts';
import { look } from './what-is-there.ts';

/**
 * A file's mode is that of all its names, of which some may be ignored or outside the project. A file with more than one
 * name is replaced by a copy with the new mode.
 */
export function withOwnFiles(site: Site, operations: readonly TreeOperation[]): readonly TreeOperation[] {
  return operations.map((operation) =>
    operation.kind === 'set-mode' && isShared(site, operation.path) ? asCopy(operation) : operation,
  );
}

function isShared(site: Site, path: string): boolean {
  return withDirectory(site.root, parentOf(path), (directory) => {
    const stats = look(directory.at(nameOf(path)));
    return stats !== undefined && stats.nlink > 1n;
  });
}

function asCopy(operation: Extract<TreeOperation, { kind: 'set-mode' }>): TreeOperation {
  const { path, before, mode } = operation;
  const { object, stat } = before;
  return { kind: 'put-file', path, home: parentOf(path), before, mode, object, size: stat.size };
}
