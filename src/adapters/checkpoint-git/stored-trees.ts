import type { ObjectId } from '../../checkpoint/tree.ts';
import { objectId, parseTree, type TreeItem } from './git-objects.ts';
import type { ObjectReader } from './object-reader.ts';
import type { ObjectFormat } from './store-place.ts';
import { TreeDir } from './tree-dir.ts';

type Items = ReadonlyMap<string, TreeItem>;

const none: Items = new Map();

/** The tree of an earlier checkpoint, of which only those directories are read that are asked for. */
export class StoredTrees {
  readonly #reader: ObjectReader;
  readonly #format: ObjectFormat;
  readonly #root: ObjectId;
  readonly #read = new Map<ObjectId, Promise<Items>>();

  constructor(reader: ObjectReader, format: ObjectFormat, root: ObjectId) {
    this.#reader = reader;
    this.#format = format;
    this.#root = root;
  }

  /** The object at a path of names; undefined when there is none, or it cannot be read. */
  async find(names: readonly string[]): Promise<ObjectId | undefined> {
    let object: ObjectId | undefined = this.#root;
    for (const name of names) {
      if (object === undefined) return undefined;
      object = (await this.#items(object)).get(name)?.object;
    }
    return object;
  }

  /** Begins to read the directories that these paths are in: asked for one after the other each would be waited for. */
  prefetch(paths: Iterable<string>): void {
    const above = new Set<string>();
    for (const path of paths) above.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    // Whoever needs one is told of the failure.
    for (const path of above) if (path !== '') void this.#itemsAt(path).catch(() => undefined);
  }

  async #itemsAt(path: string): Promise<void> {
    const object = await this.find(path.split('/'));
    if (object !== undefined) await this.#items(object);
  }

  /** Marks in a new tree what this one has, so that it need not be written again. */
  async mark(dir: TreeDir, object = this.#root): Promise<void> {
    if (dir.id(this.#format) === object) return settle(dir, this.#format);
    const items = await this.#items(object);
    const below: Promise<void>[] = [];
    for (const [name, item] of dir.items) {
      const before = items.get(name);
      if (before === undefined) continue;
      if (!(item instanceof TreeDir)) item.isStored ||= item.object === before.object;
      else if (before.mode === '40000') below.push(this.mark(item, before.object));
    }
    await Promise.all(below);
  }

  /** A damaged tree has nothing: what would be taken from it is written anew. */
  #items(object: ObjectId): Promise<Items> {
    let items = this.#read.get(object);
    if (items === undefined) {
      items = this.#load(object);
      this.#read.set(object, items);
    }
    return items;
  }

  async #load(object: ObjectId): Promise<Items> {
    const found = await this.#reader.read(object);
    if (found?.type !== 'tree' || objectId(this.#format, 'tree', found.bytes) !== object) return none;
    const items = parseTree(this.#format, '', found.bytes) ?? [];
    return new Map(items.map((item) => [item.path, item]));
  }
}

/** Notes that all of a tree is in the store. */
export function settle(dir: TreeDir, format: ObjectFormat): void {
  const id = dir.id(format);
  if (dir.storedId === id) return;
  for (const item of dir.items.values()) {
    if (item instanceof TreeDir) settle(item, format);
    else item.isStored = true;
  }
  dir.storedId = id;
}
