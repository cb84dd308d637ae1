import { blobId } from './blob-id.ts';
import type { TreePath } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';
import type { Present, WorkTree } from './work-tree.ts';

/**
 * Looks at every path that operations changed, and answers those that are not as they were to be. What they did not
 * touch is as the plan saw it, or somebody's later work. Modes of directories come after the commit.
 */
export async function notAsPlanned(
  tree: WorkTree,
  operations: readonly TreeOperation[],
): Promise<readonly TreePath[]> {
  // Where something had to give way, the last operation on a path says what is there.
  const last = new Map(operations.map((operation) => [operation.path, operation]));
  const present = await tree.inspect([...last.keys()]);
  const wrong: TreePath[] = [];
  for (const [path, operation] of last) {
    const found = present.get(path) ?? { kind: 'absent' };
    if (!(await isDone(tree, operation, found))) wrong.push(path);
  }
  return wrong;
}

async function isDone(tree: WorkTree, operation: TreeOperation, found: Present): Promise<boolean> {
  switch (operation.kind) {
    case 'put-file':
      return (
        found.kind === 'file' &&
        found.mode === operation.mode &&
        (await hasBytes(tree, operation.path, operation.object))
      );
    case 'put-link':
      return found.kind === 'link' && found.target === operation.target;
    case 'remove':
    case 'remove-directory':
      return found.kind === 'absent';
    case 'make-directory':
    case 'set-directory-mode':
      return found.kind === 'directory';
    case 'set-mode':
      return found.kind === 'file' && found.mode === operation.mode;
  }
}

async function hasBytes(tree: WorkTree, path: TreePath, object: string): Promise<boolean> {
  const read = await tree.read(path);
  return read.ok && blobId(read.bytes, object) === object;
}
