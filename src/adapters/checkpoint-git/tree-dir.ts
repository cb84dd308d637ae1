import type { ObjectId } from '../../checkpoint/tree.ts';
import { objectId } from './git-objects.ts';
import type { ObjectFormat } from './store-place.ts';

/** A blob in a tree that is being made. */
export interface TreeBlob {
  readonly mode: string;
  readonly object: ObjectId;
  /** Known to be in the store, because an earlier checkpoint there has it. */
  isStored: boolean;
}

/** A directory of a checkpoint: what becomes a tree object. It stays from one checkpoint to the next, and knows what changed. */
export class TreeDir {
  readonly items = new Map<string, TreeBlob | TreeDir>();
  /** Its object's id; undefined after a change. */
  #id: ObjectId | undefined;
  /** The id under which it is known to be in the store. */
  storedId: ObjectId | undefined;

  /** Puts a blob in the place of whatever has its name. */
  put(name: string, blob: Omit<TreeBlob, 'isStored'>): void {
    this.#id = undefined;
    const before = this.items.get(name);
    const { mode, object } = blob;
    const isStored = before !== undefined && 'isStored' in before && before.object === object;
    this.items.set(name, { mode, object, isStored: isStored && before.isStored });
  }

  /** The directory of a name, made in the place of whatever else has it; that something in it changes is taken for granted. */
  enter(name: string): TreeDir {
    this.#id = undefined;
    const found = this.items.get(name);
    if (found instanceof TreeDir) return found;
    const made = new TreeDir();
    this.items.set(name, made);
    return made;
  }

  /** Takes a blob away, and the directories above it that are empty then. Nothing when there is no blob. */
  remove(names: readonly string[]): void {
    const [name = '', ...below] = names;
    const item = this.items.get(name);
    if (item === undefined || item instanceof TreeDir === (below.length === 0)) return;
    this.#id = undefined;
    if (item instanceof TreeDir) item.remove(below);
    if (!(item instanceof TreeDir) || item.items.size === 0) this.items.delete(name);
  }

  id(format: ObjectFormat): ObjectId {
    this.#id ??= objectId(format, 'tree', this.bytes(format));
    return this.#id;
  }

  /** As git has it: sorted as if each directory's name ended with `/`. */
  bytes(format: ObjectFormat): Buffer {
    const width = format === 'sha1' ? 20 : 32;
    const lines = Array.from(this.items, ([name, item]) =>
      item instanceof TreeDir
        ? { key: `${name}/`, head: `40000 ${name}\0`, object: item.id(format) }
        : { key: name, head: `${item.mode} ${name}\0`, object: item.object },
    ).sort((a, b) => (a.key < b.key ? -1 : 1));
    const bytes = Buffer.allocUnsafe(lines.reduce((sum, { head }) => sum + head.length + width, 0));
    let at = 0;
    for (const { head, object } of lines) {
      at += bytes.write(head, at, 'latin1');
      at += bytes.write(object, at, 'hex');
    }
    return bytes;
  }
}

/** The directory at a path, made where it is missing, about to be changed. */
export function enterPath(root: TreeDir, path: string): TreeDir {
  let at = root;
  for (const name of path.split('/')) at = at.enter(name);
  return at;
}
