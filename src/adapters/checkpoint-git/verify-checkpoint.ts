import type { SeenObject, SeenObjects, VerifiedContent } from '../../checkpoint/checkpoint-store.ts';
import { codeList, groupHashes, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import { codePrefix, type StoredBlob } from './code-entries.ts';
import { parseTree, treeOfCommit, type TreeItem } from './git-objects.ts';
import { assembleCode, isPart, partOfPath } from './git-stored-checkpoint.ts';
import { corrupt, readChecked, type StoreReading } from './read-checked.ts';
import { modesPrefix } from './tree-modes.ts';

export interface Verified {
  readonly id: string;
  readonly commit: string;
  readonly manifest: Manifest;
}

const windowObjects = 64;
/** No file system holds a path as deep; a tree that names itself over and over does. */
const depthMax = 2_100;

/**
 * Reads everything that a checkpoint's commit names, hashes it, and compares the manifest's own hashes.
 * Throws `corrupt-checkpoint` with the first part that is not right.
 */
export async function verifyCheckpoint(
  reading: StoreReading,
  checkpoint: Verified,
  seen: SeenObjects,
): Promise<VerifiedContent> {
  return new Walk(reading, checkpoint, seen).run();
}

class Walk {
  readonly #reading: StoreReading;
  readonly #checkpoint: Verified;
  readonly #seen: SeenObjects;
  readonly #sizes = new Map<string, number>();
  readonly #blobs: StoredBlob[] = [];
  readonly #parts: { path: string; sha256: string }[] = [];
  #files = 0;

  constructor(reading: StoreReading, checkpoint: Verified, seen: SeenObjects) {
    this.#reading = reading;
    this.#checkpoint = checkpoint;
    this.#seen = seen;
  }

  async run(): Promise<VerifiedContent> {
    const { id, commit, manifest } = this.#checkpoint;
    const bytes = await readChecked(this.#reading, { id, object: commit, part: 'commit', type: 'commit' });
    this.#sizes.set(commit, bytes.length);
    let items: readonly TreeItem[] = [{ path: '', mode: '40000', object: treeOfCommit(bytes) ?? '' }];
    for (let depth = 0; items.length > 0; depth++) {
      if (depth > depthMax) throw corrupt(id, '/', `its trees are more than ${depthMax} deep`);
      items = await this.#readLevel(items);
    }
    const code = await assembleCode(id, this.#blobs, (blob) => this.#keptBytes(blob));
    const found: Readonly<Record<string, string>> = {
      code: sha256(codeList(code)),
      ...groupHashes(this.#parts),
    };
    for (const key of new Set([...Object.keys(manifest.sha256), ...Object.keys(found)])) {
      if (manifest.sha256[key] !== found[key]) {
        throw corrupt(id, key, 'it is not what the manifest has the hash of');
      }
    }
    return {
      objects: this.#sizes.size,
      bytes: [...this.#sizes.values()].reduce((sum, size) => sum + size, 0),
    };
  }

  /** Reads these items; answers what the trees among them name. */
  async #readLevel(items: readonly TreeItem[]): Promise<TreeItem[]> {
    const below: TreeItem[] = [];
    for (let at = 0; at < items.length; at += windowObjects) {
      const read = items.slice(at, at + windowObjects).map((item) => this.#readItem(item));
      for (const found of await Promise.all(read)) below.push(...found);
    }
    return below;
  }

  async #readItem(item: TreeItem): Promise<readonly TreeItem[]> {
    const { id } = this.#checkpoint;
    const part = item.path === '' ? '/' : partOfPath(item.path);
    const isTree = item.mode === '40000';
    const { bytes, size, sha256: hash } = await this.#look(item, part);
    if (isTree) {
      const items = parseTree(this.#reading.format, item.path, Buffer.from(bytes ?? []));
      if (items === undefined) throw corrupt(id, part, 'it is no tree');
      return items;
    }
    if (item.path.startsWith(codePrefix)) this.#countFile();
    this.#blobs.push({ ...item, size });
    if (isPart(item.path)) this.#parts.push({ path: item.path, sha256: hash ?? '' });
    return [];
  }

  /** What is at an item, read once in a run: an object is mostly in all checkpoints. */
  async #look(item: TreeItem, part: string): Promise<SeenObject> {
    const { id } = this.#checkpoint;
    const type = item.mode === '40000' ? 'tree' : 'blob';
    const keeps = type === 'tree' || item.mode === '120000' || item.path.startsWith(modesPrefix);
    const hashes = isPart(item.path) && type === 'blob';
    const known = this.#seen.get(item.object);
    const isEnough =
      known?.type === type && (!keeps || known.bytes !== null) && (!hashes || known.sha256 !== null);
    if (known !== undefined && isEnough) {
      this.#sizes.set(item.object, known.size);
      return known;
    }
    const bytes = await readChecked(this.#reading, { id, object: item.object, part, type });
    this.#sizes.set(item.object, bytes.length);
    const seen: SeenObject = {
      type,
      size: bytes.length,
      sha256: hashes ? sha256(bytes) : (known?.sha256 ?? null),
      // A copy: the bytes are a piece of the buffer that git's answers came in.
      bytes: keeps ? Buffer.from(bytes) : (known?.bytes ?? null),
    };
    this.#seen.set(item.object, seen);
    return seen;
  }

  /** A few small trees can name each other into more files than there are atoms: more than the manifest counts is enough. */
  #countFile(): void {
    const { id, manifest } = this.#checkpoint;
    this.#files += 1;
    if (this.#files > manifest.files) throw corrupt(id, 'code', 'it has more files than the manifest counts');
  }

  async #keptBytes(blob: StoredBlob): Promise<Uint8Array> {
    return this.#seen.get(blob.object)?.bytes ?? Buffer.of();
  }
}
