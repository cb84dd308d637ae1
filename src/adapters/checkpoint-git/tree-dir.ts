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

  /** The blob at a path of names; undefined when there is none. */
  find(names: readonly string[]): TreeBlob | undefined {
    const [name = '', ...below] = names;
    const item = this.items.get(name);
    if (item instanceof TreeDir) return item.find(below);
    return below.length === 0 ? item : undefined;
  }

  /** Puts a blob at a path, with the directories above it, in the place of whatever is in the way. */
  put(names: readonly string[], blob: Omit<TreeBlob, 'isStored'>): void {
    const [name = '', ...below] = names;
    this.#id = undefined;
    if (below.length > 0) return this.#directory(name).put(below, blob);
    const before = this.items.get(name);
    const isStored = before !== undefined && 'isStored' in before && before.object === blob.object;
    this.items.set(name, { ...blob, isStored: isStored && before.isStored });
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

  #directory(name: string): TreeDir {
    const found = this.items.get(name);
    if (found instanceof TreeDir) return found;
    const made = new TreeDir();
    this.items.set(name, made);
    return made;
  }
}
