import type { PartDraft, PlacedEntry, StoredCheckpoint } from '../../checkpoint/checkpoint-store.ts';
import { parseManifest, type Manifest } from '../../checkpoint/manifest.ts';
import { showPath, type CodeEntry, type ObjectId, type TreePath } from '../../checkpoint/tree.ts';
import { isFailure } from '../../failure.ts';
import { gitFailure } from '../git-process.ts';
import { codeAt } from './code-at.ts';
import { CodeLines } from './code-lines.ts';
import { codeEntries, codePrefix, isLink, type StoredBlob } from './code-entries.ts';
import { parseTree, treeOfCommit } from './git-objects.ts';
import { codeByKnown, runsOf, withEmptiness, type KnownCode } from './known-code.ts';
import { corrupt, readChecked, type StoreReading } from './read-checked.ts';
import type { StorePlace } from './store-place.ts';
import { decodeModes, modesPrefix } from './tree-modes.ts';
import { Trees, type TreeItems } from './trees.ts';

/** How many objects are asked for before the first is awaited. */
const windowObjects = 64;

/** What is known of the working trees of other checkpoints. */
export interface KnownCodes {
  readonly nearest: () => KnownCode | undefined;
  /** Whatever was listed as a whole. */
  readonly add: (code: KnownCode) => void;
}

const nothingKnown: KnownCodes = { nearest: () => undefined, add: () => undefined };

/** A checkpoint whose ref names this commit. Throws `corrupt-checkpoint`, `checkpoint-newer`. */
export async function openStored(
  reading: StoreReading,
  at: { readonly id: string; readonly commit: string },
  known: KnownCodes = nothingKnown,
): Promise<StoredCheckpoint> {
  const manifestObject = await findManifest(reading, at);
  const bytes = await readChecked(reading, { ...at, object: manifestObject, part: 'manifest.json' });
  return new GitStoredCheckpoint(reading, { ...at, manifest: parseManifest(at.id, bytes) }, known);
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
  readonly #known: KnownCodes;
  readonly #trees: Trees;
  /** By their paths, sorted: a few beside all the files. */
  #parts: Promise<ReadonlyMap<string, ObjectId>> | undefined;

  constructor(
    reading: StoreReading,
    at: { readonly id: string; readonly commit: string; readonly manifest: Manifest },
    known: KnownCodes,
  ) {
    this.id = at.id;
    this.commit = at.commit;
    this.manifest = at.manifest;
    this.#reading = reading;
    this.#known = known;
    this.#trees = new Trees(reading, at);
  }

  async code(): Promise<readonly CodeEntry[]> {
    const near = await this.#codeByKnown();
    if (near !== undefined) return near;
    const blobs = await this.#blobs();
    const entries = await assembleCode(this.id, blobs, (blob) => this.#read(blob));
    const runs = runsOf(entries);
    const lines = CodeLines.of(runs, CodeLines.none);
    if (lines.sha256() !== this.manifest.sha256['code']) {
      throw corrupt(this.id, 'code', 'the list of files is not the one that the manifest has the hash of');
    }
    const top = await this.#trees.itemsAt('');
    const [tree, modes] = ['code', 'code-meta'].map((name) => top.get(name)?.object);
    if (tree !== undefined && modes !== undefined) this.#known.add({ tree, modes, runs, lines });
    return entries;
  }

  /** Undefined when nothing near is known, or it leads to another list than the manifest's: then all is listed. */
  async #codeByKnown(): Promise<readonly CodeEntry[] | undefined> {
    const known = this.#known.nearest();
    if (known === undefined) return undefined;
    try {
      const found = await codeByKnown(this.#reading, this.#trees, known);
      if (found === undefined || found.lines.sha256() !== this.manifest.sha256['code']) return undefined;
      return withEmptiness(found.runs);
    } catch (error) {
      // What is wrong, and whether with this checkpoint, shows when all of it is listed.
      if (isFailure(error, 'corrupt-checkpoint')) return undefined;
      throw error;
    }
  }

  codeAt(paths: readonly TreePath[]): Promise<readonly PlacedEntry[]> {
    return codeAt(this.#reading, this, paths);
  }

  async partPaths(prefix: string): Promise<readonly string[]> {
    return [...(await this.#allParts()).keys()].filter((path) => path.startsWith(prefix));
  }

  async part(path: string): Promise<Uint8Array> {
    const object = (await this.#allParts()).get(path);
    if (object === undefined) throw corrupt(this.id, path, 'it is missing');
    return this.#read({ path, object });
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

  #allParts(): Promise<ReadonlyMap<string, ObjectId>> {
    this.#parts ??= listParts(this.#trees);
    return this.#parts;
  }

  #read(blob: Pick<StoredBlob, 'path' | 'object'>): Promise<Buffer> {
    return readChecked(this.#reading, { id: this.id, object: blob.object, part: partOfPath(blob.path) });
  }

  #blobs(): Promise<readonly StoredBlob[]> {
    return listBlobs(this.#reading.place, this.commit).catch((error: unknown) => {
      // That git could not be run says nothing of the checkpoint.
      if (isFailure(error) && error.failure.code !== 'git-failed') throw error;
      throw corrupt(this.id, 'tree', error instanceof Error ? error.message : String(error));
    });
  }
}

/** The parts of a checkpoint by their paths, sorted, without a look at the working tree. */
async function listParts(trees: Trees): Promise<ReadonlyMap<string, ObjectId>> {
  const parts: (readonly [string, ObjectId])[] = [];
  const list = async (items: TreeItems, above: string): Promise<void> => {
    await Promise.all(
      [...items.values()].map(async ({ path: name, mode, object }) => {
        const path = above + name;
        if (!isPart(mode === '40000' ? `${path}/` : path)) return;
        if (mode === '40000') await list(await trees.items(object, path), `${path}/`);
        else parts.push([path, object]);
      }),
    );
  };
  await list(await trees.itemsAt(''), '');
  return new Map(parts.sort(([a], [b]) => (a < b ? -1 : 1)));
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
