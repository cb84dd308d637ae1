import type { PlacedEntry } from './checkpoint-store.ts';
import type { TreePath } from './tree.ts';
import type { Before, TreeOperation } from './tree-writer.ts';

/** The paths of which operations replace or delete something that a checkpoint does not hold exactly so (R1, R3). */
export function notSaved(
  operations: readonly TreeOperation[],
  saved: readonly PlacedEntry[],
): readonly TreePath[] {
  const byPath = new Map(saved.map((entry) => [entry.path, entry]));
  return operations
    .filter((operation) => !isSaved(operation, byPath.get(operation.path)))
    .map(({ path }) => path);
}

function isSaved(operation: TreeOperation, saved: PlacedEntry | undefined): boolean {
  switch (operation.kind) {
    case 'put-file':
    case 'put-link':
    case 'remove':
    case 'set-mode':
      return holds(operation.before, saved);
    case 'make-directory':
      return true;
    case 'remove-directory':
      return saved?.kind === 'directory' && saved.mode === operation.mode;
    case 'set-directory-mode':
      return saved?.kind === 'directory' && saved.mode === operation.before;
  }
}

/** Where nothing was, nothing has to be kept: that it stays so is checked when the operation is done. */
function holds(before: Before, saved: PlacedEntry | undefined): boolean {
  switch (before.kind) {
    case 'absent':
      return true;
    case 'file':
      return saved?.kind === 'file' && saved.object === before.object && saved.mode === before.mode;
    case 'link':
      return saved?.kind === 'link' && saved.target === before.target;
  }
}
