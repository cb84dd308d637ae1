import type { PlacedEntry } from '../../checkpoint/checkpoint-store.ts';
import { showPath, type ObjectId, type TreePath } from '../../checkpoint/tree.ts';
import { codePrefix } from './code-entries.ts';
import { storedPath } from './entry-names.ts';
import { parseTree, treeOfCommit, type TreeItem } from './git-objects.ts';
import { corrupt, readChecked, type StoreReading } from './read-checked.ts';
import { decodeModes, fileMode, modesPrefix, type StoredModes } from './tree-modes.ts';

interface Stored {
  readonly id: string;
  readonly commit: ObjectId;
}

/** What a checkpoint has at these paths, by reading the directories on the way, and of links the target. */
export async function codeAt(
  reading: StoreReading,
  stored: Stored,
  paths: readonly TreePath[],
): Promise<readonly PlacedEntry[]> {
  const trees = new Trees(reading, stored);
  const modes = await readModes(trees);
  const entries: PlacedEntry[] = [];
  for (const path of paths) {
    const entry = await entryAt(trees, modes, path);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function entryAt(trees: Trees, modes: StoredModes, path: TreePath): Promise<PlacedEntry | undefined> {
  const item =
    (await trees.find(codePrefix + storedPath(path, false))) ??
    (await trees.find(codePrefix + storedPath(path, true)));
  if (item === undefined || item.mode === '40000') {
    const mode = modes.directories.get(path) ?? (item && modes.defaults.directory);
    return mode === undefined ? undefined : { kind: 'directory', path, mode };
  }
  const { object } = item;
  if (item.mode === '120000') {
    const target = (await trees.read(object, codePrefix + showPath(path))).toString('latin1');
    return { kind: 'link', path, object, target };
  }
  return { kind: 'file', path, mode: fileMode(modes, item.mode, path), object };
}

async function readModes(trees: Trees): Promise<StoredModes> {
  const parts = [];
  for (const [name, { object }] of await trees.itemsAt(modesPrefix.slice(0, -1))) {
    const path = modesPrefix + name;
    parts.push({ path, bytes: await trees.read(object, path) });
  }
  const decoded = decodeModes(parts);
  if ('problem' in decoded) throw corrupt(trees.id, decoded.problem, 'it does not list modes');
  return decoded.modes;
}

/** The trees of one commit, each read and hashed once. Throws `corrupt-checkpoint`. */
class Trees {
  readonly #reading: StoreReading;
  readonly #stored: Stored;
  readonly #read = new Map<ObjectId, ReadonlyMap<string, TreeItem>>();
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
  async itemsAt(path: string): Promise<ReadonlyMap<string, TreeItem>> {
    let items = await this.#items(await this.#top(), '/');
    for (const name of path === '' ? [] : path.split('/')) {
      const item = items.get(name);
      if (item?.mode !== '40000') return new Map();
      items = await this.#items(item.object, path);
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

  async #items(object: ObjectId, part: string): Promise<ReadonlyMap<string, TreeItem>> {
    const known = this.#read.get(object);
    if (known !== undefined) return known;
    const bytes = await readChecked(this.#reading, { id: this.id, object, part, type: 'tree' });
    const parsed = parseTree(this.#reading.format, '', bytes);
    if (parsed === undefined) throw corrupt(this.id, part, 'it is no list of files');
    const items = new Map(parsed.map((item) => [item.path, item]));
    this.#read.set(object, items);
    return items;
  }
}
