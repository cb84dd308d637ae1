import { createHash } from 'node:crypto';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { ObjectFormat } from './store-place.ts';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

/** The name that git gives these bytes. */
export function objectId(format: ObjectFormat, type: ObjectType, bytes: Uint8Array): ObjectId {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest('hex');
}

/** What a tree object says of one name. */
export interface TreeItem {
  /** As stored: from the top of the checkpoint, one character a byte. */
  readonly path: string;
  /** `100644`, `100755`, `120000`, or `40000` for a tree. */
  readonly mode: string;
  readonly object: ObjectId;
}

/** The items of a tree object; undefined when it is not one. */
export function parseTree(format: ObjectFormat, directory: string, bytes: Buffer): TreeItem[] | undefined {
  const width = format === 'sha1' ? 20 : 32;
  const items: TreeItem[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const end = bytes.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + width > bytes.length) return undefined;
    const name = bytes.toString('latin1', space + 1, end);
    items.push({
      path: directory === '' ? name : `${directory}/${name}`,
      mode: bytes.toString('latin1', at, space),
      object: bytes.toString('hex', end + 1, end + 1 + width),
    });
    at = end + 1 + width;
  }
  return items;
}

/** The tree that a commit object names; undefined when it is no commit. */
export function treeOfCommit(bytes: Buffer): ObjectId | undefined {
  return /^tree ([0-9a-f]+)\n/.exec(bytes.toString('latin1', 0, 80))?.[1];
}
