import { lstatSync, readlinkSync } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { Present } from '../../checkpoint/work-tree.ts';
import { fileProblem } from './file-problem.ts';
import { FileStat, kindOf, modeBits } from './file-stat.ts';
import { parentPath, rawPath } from './raw-path.ts';

/** What is at each of these paths. What seems to be below a link is not in the tree: absent. */
export function inspectPaths(root: string, paths: readonly TreePath[]): ReadonlyMap<TreePath, Present> {
  const known = new Map<TreePath, Present>();
  const at = (path: TreePath): Present => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const parent = parentPath(path);
    const reachable = parent === '' || at(parent).kind === 'directory';
    const present: Present = reachable ? inspect(root, path) : { kind: 'absent' };
    known.set(path, present);
    return present;
  };
  return new Map(paths.map((path) => [path, at(path)]));
}

function inspect(root: string, path: TreePath): Present {
  const raw = rawPath(root, path);
  try {
    const stats = lstatSync(raw);
    switch (kindOf(stats.mode)) {
      case 'file':
        return { kind: 'file', mode: modeBits(stats.mode), size: stats.size, stat: FileStat.of(stats) };
      case 'link':
        return { kind: 'link', target: readlinkSync(raw, { encoding: 'latin1' }) };
      case 'directory':
        return { kind: 'directory', mode: modeBits(stats.mode) };
      case 'special':
        return { kind: 'special' };
    }
  } catch (error) {
    return fileProblem(error, { path, doing: 'look at' }) === 'gone'
      ? { kind: 'absent' }
      : { kind: 'special' };
  }
}
