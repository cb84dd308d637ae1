import { codeList, groupHashes, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import type { StoredBlob } from './code-entries.ts';
import { parseTree, treeOfCommit, type TreeItem } from './git-objects.ts';
import {
  assembleCode,
  corrupt,
  isPart,
  partOfPath,
  readChecked,
  type StoreReading,
} from './git-stored-checkpoint.ts';
import { modesPrefix } from './tree-modes.ts';

export interface Verified {
  readonly id: string;
  readonly commit: string;
  readonly manifest: Manifest;
}

const windowObjects = 64;

/**
 * Reads everything that a checkpoint's commit names, hashes it, and compares the manifest's own hashes.
 * Throws `corrupt-checkpoint` with the first part that is not right.
 */
export async function verifyCheckpoint(reading: StoreReading, checkpoint: Verified): Promise<void> {
  const walk = new Walk(reading, checkpoint);
  await walk.run();
}

class Walk {
  readonly #reading: StoreReading;
  readonly #checkpoint: Verified;
  readonly #blobs: StoredBlob[] = [];
  readonly #parts: { path: string; sha256: string }[] = [];
  readonly #kept = new Map<string, Buffer>();

  constructor(reading: StoreReading, checkpoint: Verified) {
    this.#reading = reading;
    this.#checkpoint = checkpoint;
  }

  async run(): Promise<void> {
    const { id, commit, manifest } = this.#checkpoint;
    const bytes = await readChecked(this.#reading, { id, object: commit, part: 'commit', type: 'commit' });
    let items: readonly TreeItem[] = [{ path: '', mode: '40000', object: treeOfCommit(bytes) ?? '' }];
    while (items.length > 0) items = await this.#readLevel(items);
    const code = await assembleCode(
      id,
      this.#blobs,
      async (blob) => this.#kept.get(blob.object) ?? Buffer.of(),
    );
    const found = { code: sha256(codeList(code)), ...groupHashes(this.#parts) };
    for (const key of new Set([...Object.keys(manifest.sha256), ...Object.keys(found)])) {
      if (manifest.sha256[key] !== found[key as keyof typeof found]) {
        throw corrupt(id, key, 'it is not what the manifest has the hash of');
      }
    }
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
    const type = item.mode === '40000' ? 'tree' : 'blob';
    const bytes = await readChecked(this.#reading, { id, object: item.object, part, type });
    if (type === 'tree') {
      const items = parseTree(this.#reading.format, item.path, bytes);
      if (items === undefined) throw corrupt(id, part, 'it is no tree');
      return items;
    }
    this.#blobs.push({ ...item, size: bytes.length });
    if (item.mode === '120000' || item.path.startsWith(modesPrefix)) this.#kept.set(item.object, bytes);
    if (isPart(item.path)) this.#parts.push({ path: item.path, sha256: sha256(bytes) });
    return [];
  }
}
