import type { TreePath } from '../../checkpoint/tree.ts';

/** Where a path of the tree is, for `fs`. Bytes, unless they are all ASCII: a string is cheaper there. */
export function rawPath(root: string, path: TreePath): string | Buffer {
  if (isAscii(path)) return path === '' ? root : `${root}/${path}`;
  return Buffer.concat([Buffer.from(`${root}/`, 'utf8'), Buffer.from(path, 'latin1')]);
}

/** The directory above; the empty path for what lies at the top. */
export function parentPath(path: TreePath): TreePath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function isAscii(path: TreePath): boolean {
  for (let i = 0; i < path.length; i++) if (path.charCodeAt(i) > 127) return false;
  return true;
}
