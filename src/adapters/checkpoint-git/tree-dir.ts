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
    const lines = this.#sorted();
    let length = 0;
    for (const [name, item] of lines) length += modeOf(item).length + name.length + 2 + width;
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const [name, item] of lines) {
      at += bytes.write(`${modeOf(item)} ${name}\0`, at, 'latin1');
      at += bytes.write(item instanceof TreeDir ? item.id(format) : item.object, at, 'hex');
    }
    return bytes;
  }

  /** Mostly as they were put in: a checkpoint's paths are sorted by the same rule. */
  #sorted(): readonly Item[] {
    const items = [...this.items];
    let last: string | undefined;
    for (const [name, item] of items) {
      const key = keyOf(name, item);
      if (last !== undefined && key < last) return items.sort(byKey);
      last = key;
    }
    return items;
  }
}

type Item = readonly [name: string, item: TreeBlob | TreeDir];

function modeOf(item: TreeBlob | TreeDir): string {
  return item instanceof TreeDir ? '40000' : item.mode;
}

function keyOf(name: string, item: TreeBlob | TreeDir): string {
  return item instanceof TreeDir ? `${name}/` : name;
}

function byKey([nameA, a]: Item, [nameB, b]: Item): number {
  return keyOf(nameA, a) < keyOf(nameB, b) ? -1 : 1;
}

/** The directory at a path, made where it is missing, about to be changed. */
export function enterPath(root: TreeDir, path: string): TreeDir {
  let at = root;
  for (const name of path.split('/')) at = at.enter(name);
  return at;
}
