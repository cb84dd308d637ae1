import type { PartDraft, PlacedEntry, StoredCheckpoint } from '../../checkpoint/checkpoint-store.ts';
import { codeList, parseManifest, sha256, type Manifest } from '../../checkpoint/manifest.ts';
import { showPath, type CodeEntry, type ObjectId, type TreePath } from '../../checkpoint/tree.ts';
import { isFailure } from '../../failure.ts';
import { gitFailure } from '../git-process.ts';
import { codeAt } from './code-at.ts';
import { codeEntries, codePrefix, isLink, type StoredBlob } from './code-entries.ts';
import { parseTree, treeOfCommit } from './git-objects.ts';
import { corrupt, readChecked, type StoreReading } from './read-checked.ts';
import type { StorePlace } from './store-place.ts';
import { decodeModes, modesPrefix } from './tree-modes.ts';

/** How many objects are asked for before the first is awaited. */
const windowObjects = 64;

/** A checkpoint whose ref names this commit. Throws `corrupt-checkpoint`, `checkpoint-newer`. */
export async function openStored(
  reading: StoreReading,
  at: { readonly id: string; readonly commit: string },
): Promise<StoredCheckpoint> {
  const manifestObject = await findManifest(reading, at);
  const bytes = await readChecked(reading, { ...at, object: manifestObject, part: 'manifest.json' });
  return new GitStoredCheckpoint(reading, at, parseManifest(at.id, bytes));
}

/** By the commit and its tree, each checked, so that the commit's name stands for the manifest's bytes. */
async function findManifest(
  reading: StoreReading,
  at: { readonly id: string; readonly commit: string },
): Promise<ObjectId> {
  const commit = await readChecked(reading, { id: at.id, object: at.commit, part: 'commit', type: 'commit' });
  const tree = treeOfCommit(commit);
  if (tree === undefined) throw corrupt(at.id, 'commit', 'it names no tree');
  const bytes = await readChecked(reading, { id: at.id, object: tree, part: '/', type: 'tree' });
  const items = parseTree(reading.format, '', bytes) ?? [];
  const manifest = items.find((item) => item.path === 'manifest.json');
  if (manifest === undefined) throw corrupt(at.id, 'manifest.json', 'it is missing');
  return manifest.object;
}

class GitStoredCheckpoint implements StoredCheckpoint {
  readonly id: string;
  readonly commit: string;
  readonly manifest: Manifest;
  readonly #reading: StoreReading;
  #listed: Promise<readonly StoredBlob[]> | undefined;
  /** By their paths, sorted: a few among all the files. */
  #parts: ReadonlyMap<string, StoredBlob> | undefined;

  constructor(
    reading: StoreReading,
    at: { readonly id: string; readonly commit: string },
    manifest: Manifest,
  ) {
    this.id = at.id;
    this.commit = at.commit;
    this.manifest = manifest;
    this.#reading = reading;
  }

  async code(): Promise<readonly CodeEntry[]> {
    const blobs = await this.#blobs();
    const entries = await assembleCode(this.id, blobs, (blob) => this.#read(blob));
    if (sha256(codeList(entries)) !== this.manifest.sha256['code']) {
      throw corrupt(this.id, 'code', 'the list of files is not the one that the manifest has the hash of');
    }
    return entries;
  }

  codeAt(paths: readonly TreePath[]): Promise<readonly PlacedEntry[]> {
    return codeAt(this.#reading, this, paths);
  }

  async partPaths(prefix: string): Promise<readonly string[]> {
    return [...(await this.#allParts()).keys()].filter((path) => path.startsWith(prefix));
  }

  async part(path: string): Promise<Uint8Array> {
    const blob = (await this.#allParts()).get(path);
    if (blob === undefined) throw corrupt(this.id, path, 'it is missing');
    return this.#read(blob);
  }

  async *objects(
    ids: readonly ObjectId[],
  ): AsyncIterable<{ readonly object: ObjectId; readonly bytes: Uint8Array }> {
    for (let at = 0; at < ids.length; at += windowObjects) {
      const asked = ids.slice(at, at + windowObjects).map(async (object) => ({
        object,
        bytes: await readChecked(this.#reading, { id: this.id, object, part: `object ${object}` }),
      }));
      yield* await Promise.all(asked);
    }
  }

  async #allParts(): Promise<ReadonlyMap<string, StoredBlob>> {
    if (this.#parts !== undefined) return this.#parts;
    const parts = (await this.#blobs()).filter(({ path }) => isPart(path));
    parts.sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#parts = new Map(parts.map((blob) => [blob.path, blob]));
    return this.#parts;
  }

  #read(blob: StoredBlob): Promise<Buffer> {
    return readChecked(this.#reading, { id: this.id, object: blob.object, part: partOfPath(blob.path) });
  }

  #blobs(): Promise<readonly StoredBlob[]> {
    this.#listed ??= listBlobs(this.#reading.place, this.commit);
    return this.#listed.catch((error: unknown) => {
      // That git could not be run says nothing of the checkpoint.
      if (isFailure(error) && error.failure.code !== 'git-failed') throw error;
      throw corrupt(this.id, 'tree', error instanceof Error ? error.message : String(error));
    });
  }
}

/** How a failure names what is stored at a path: with `code/` before it as `showPath` shows it. */
export function partOfPath(path: string): string {
  return path.startsWith(codePrefix) ? `${codePrefix}${showPath(path.slice(codePrefix.length))}` : path;
}

export function isPart(path: string): boolean {
  return path !== 'manifest.json' && !path.startsWith(codePrefix) && !path.startsWith(modesPrefix);
}

/** The working tree of a checkpoint of which these are the blobs. */
export async function assembleCode(
  id: string,
  blobs: readonly StoredBlob[],
  read: (blob: StoredBlob) => Promise<Uint8Array>,
): Promise<CodeEntry[]> {
  const written = blobs.filter((blob) => blob.path.startsWith(modesPrefix));
  const parts: PartDraft[] = await Promise.all(
    written.map(async (blob) => ({ path: blob.path, bytes: await read(blob) })),
  );
  const decoded = decodeModes(parts);
  if ('problem' in decoded) throw corrupt(id, decoded.problem, 'it does not list modes');
  const links = blobs.filter((blob) => isLink(blob) && blob.path.startsWith(codePrefix));
  const targets = await Promise.all(
    links.map(async (link) => [link.object, Buffer.from(await read(link)).toString('latin1')] as const),
  );
  return codeEntries(blobs, decoded.modes, new Map(targets));
}

/** All blobs of a commit, as git lists them. */
async function listBlobs(place: StorePlace, commit: string): Promise<readonly StoredBlob[]> {
  const output = await place.run(['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  if (output.code !== 0) throw gitFailure(output, 'ls-tree', place.dir);
  const lines = output.stdout.toString('latin1').split('\0').slice(0, -1);
  return lines.map(parseBlob);
}

/** `100644 blob OBJECT   SIZE\tPATH`, the size filled up to 7 places; of 100,000 lines, so each is gone through once. */
function parseBlob(line: string): StoredBlob {
  const type = line.indexOf(' ');
  const object = line.indexOf(' ', type + 1) + 1;
  const size = line.indexOf(' ', object);
  const tab = line.indexOf('\t', size);
  return {
    path: line.slice(tab + 1),
    mode: line.slice(0, type),
    object: line.slice(object, size),
    size: Number(line.slice(size, tab)),
  };
}
