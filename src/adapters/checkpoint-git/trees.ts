import type { ObjectId } from '../../checkpoint/tree.ts';
import { parseTree, treeOfCommit, type TreeItem } from './git-objects.ts';
import { corrupt, readChecked, type StoreReading } from './read-checked.ts';

/** A checkpoint in the store. */
export interface Stored {
  readonly id: string;
  readonly commit: ObjectId;
}

/** What is in a tree object, by name. */
export type TreeItems = ReadonlyMap<string, TreeItem>;

/** The trees of one commit, each read and hashed once. Throws `corrupt-checkpoint`. */
export class Trees {
  readonly #reading: StoreReading;
  readonly #stored: Stored;
  readonly #read = new Map<ObjectId, Promise<TreeItems>>();
  #root: ObjectId | undefined;

  constructor(reading: StoreReading, stored: Stored) {
    this.#reading = reading;
    this.#stored = stored;
  }

  get id(): string {
    return this.#stored.id;
  }

  async find(path: string): Promise<TreeItem | undefined> {
    const names = path.split('/');
    const last = names.pop() ?? '';
    return (await this.itemsAt(names.join('/'))).get(last);
  }

  /** None when there is no such directory. */
  async itemsAt(path: string): Promise<TreeItems> {
    let items = await this.items(await this.#top(), '/');
    for (const name of path === '' ? [] : path.split('/')) {
      const item = items.get(name);
      if (item?.mode !== '40000') return new Map();
      items = await this.items(item.object, path);
    }
    return items;
  }

  read(object: ObjectId, part: string): Promise<Buffer> {
    return readChecked(this.#reading, { id: this.id, object, part });
  }

  async #top(): Promise<ObjectId> {
    const { id, commit } = this.#stored;
    if (this.#root !== undefined) return this.#root;
    const bytes = await readChecked(this.#reading, { id, object: commit, part: 'commit', type: 'commit' });
    this.#root = treeOfCommit(bytes);
    if (this.#root === undefined) throw corrupt(id, 'commit', 'it names no tree');
    return this.#root;
  }

  /** Of one tree object. `part`: what to call it when it is not right. */
  items(object: ObjectId, part: string): Promise<TreeItems> {
    const known = this.#read.get(object) ?? this.#load(object, part);
    this.#read.set(object, known);
    return known;
  }

  async #load(object: ObjectId, part: string): Promise<TreeItems> {
    const bytes = await readChecked(this.#reading, { id: this.id, object, part, type: 'tree' });
    const parsed = parseTree(this.#reading.format, '', bytes);
    if (parsed === undefined) throw corrupt(this.id, part, 'it is no list of files');
    return new Map(parsed.map((item) => [item.path, item]));
  }
}
