import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  CheckpointDraft,
  CheckpointStore,
  SeenObjects,
  StoredCheckpoint,
  VerifiedContent,
  WrittenCheckpoint,
} from '../../checkpoint/checkpoint-store.ts';
import type { CheckpointSize, CheckpointSpace, Reclaimed } from '../../checkpoint/checkpoint-space.ts';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { CodeframeError } from '../../failure.ts';
import { nearest } from '../../ids.ts';
import { emptyBase, type Base } from './base-tree.ts';
import { checkpointRef, createRef, deleteRefs, isCheckpointId, listRefs, readRef } from './checkpoint-ref.ts';
import { treeOfCommit } from './git-objects.ts';
import { openStored } from './git-stored-checkpoint.ts';
import type { KnownCode } from './known-code.ts';
import type { StoreReading } from './read-checked.ts';
import { outliveLocks, removeLeftovers, removeOldLocks } from './leftovers.ts';
import { cutMaking, endMaking, leaveMaking, markMaking } from './making.ts';
import { missingObjects } from './missing-objects.ts';
import { measureSizes } from './object-sizes.ts';
import { objectBytes, reclaimSpace } from './reclaim-space.ts';
import { ObjectReader } from './object-reader.ts';
import { PackWriter } from './pack-writer.ts';
import { storeFailure, StorePlace, writeHint, type ObjectFormat } from './store-place.ts';
import { settle, StoredTrees } from './stored-trees.ts';
import { TreeDir } from './tree-dir.ts';
import { beginWriting } from './store-turns.ts';
import { verifyCheckpoint } from './verify-checkpoint.ts';
import { CheckpointWriter } from './write-checkpoint.ts';

/** How long a reclaim waits for a moment in which nobody writes. */
const reclaimWaitMs = 60_000;

/** The checkpoints of a project in a bare git repository at `path`, which is made with the first of them. */
export function openGitCheckpoints(options: { readonly path: string }): CheckpointStore & CheckpointSpace {
  return new GitCheckpointStore(options.path);
}

class GitCheckpointStore implements CheckpointStore, CheckpointSpace {
  readonly #place: StorePlace;
  readonly #reader: ObjectReader;
  /** The last checkpoint that was written here: the next one is mostly the same. */
  #last: { readonly commit: ObjectId; readonly base: Base } | undefined;
  /** The working tree that was written here last, or else listed: those of other checkpoints are mostly the same. */
  #known: KnownCode | undefined;

  constructor(path: string) {
    this.#place = new StorePlace(path);
    this.#reader = new ObjectReader(this.#place);
  }

  async create(draft: CheckpointDraft): Promise<WrittenCheckpoint> {
    if (!isCheckpointId(draft.id)) {
      throw new CodeframeError({
        code: 'invalid-argument',
        argument: 'id',
        problem: 'it is no id of a checkpoint',
      });
    }
    try {
      return await this.#create(draft);
    } catch (error) {
      throw storeFailure(error, this.#place.dir);
    }
  }

  async open(id: string): Promise<StoredCheckpoint> {
    const reading = await this.#reading(id);
    return openStored(
      reading,
      { id, commit: await this.#commitOf(id) },
      { nearest: () => this.#known, add: (code) => (this.#known ??= code) },
    );
  }

  async ids(): Promise<readonly string[]> {
    if (!this.#place.exists()) return [];
    await this.#place.ready();
    return [...(await listRefs(this.#place)).keys()];
  }

  async verify(id: string, seen: SeenObjects = new Map()): Promise<VerifiedContent> {
    const { commit, manifest } = await this.open(id);
    return verifyCheckpoint(await this.#reading(id), { id, commit, manifest }, seen);
  }

  async check(): Promise<void> {
    if (!this.#place.exists()) return;
    await this.#place.ready();
    for (const [id, commit] of await listRefs(this.#place)) {
      const found = await this.#reader.read(commit);
      if (found?.type !== 'commit')
        throw this.#place.corrupt(`the commit of checkpoint ${id} is missing or unreadable`);
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (!this.#place.exists()) return;
    await this.#place.ready();
    removeOldLocks(this.#place.dir);
    await deleteRefs(this.#place, ids).catch(async (error: unknown) => {
      if (!(await outliveLocks(this.#place.dir, ids.map(checkpointRef)))) throw error;
      await deleteRefs(this.#place, ids);
    });
    for (const id of ids) endMaking(this.#place.dir, id);
  }

  async reclaim(): Promise<Reclaimed | null> {
    if (!this.#place.exists()) return { bytesBefore: 0, bytesAfter: 0 };
    await this.#place.ready();
    removeLeftovers(this.#place.dir);
    try {
      return await reclaimSpace(this.#place, { waitMs: reclaimWaitMs, hintPath: this.#hintPath() });
    } catch (error) {
      throw storeFailure(error, this.#place.dir);
    } finally {
      // It keeps files open, and with them the space of what is deleted.
      await this.#reader.close();
    }
  }

  async sizes(ids: readonly string[]): Promise<readonly CheckpointSize[]> {
    const nothing = ids.map((id) => ({ id, addedBytes: 0, uniqueBytes: 0 }));
    const [first] = ids;
    if (first === undefined || !this.#place.exists()) return nothing;
    const reading = await this.#reading(first);
    const refs = await listRefs(this.#place);
    const there = ids.flatMap((id) => {
      const commit = refs.get(id);
      return commit === undefined ? [] : [{ id, commit }];
    });
    const measured = new Map((await measureSizes(reading, there)).map((size) => [size.id, size]));
    return nothing.map((none) => measured.get(none.id) ?? none);
  }

  async diskBytes(): Promise<number> {
    return this.#place.exists() ? objectBytes(this.#place.dir) : 0;
  }

  async cut(): Promise<readonly string[]> {
    const { dir } = this.#place;
    if (!this.#place.exists()) return [];
    const cut = cutMaking(dir);
    if (cut.length === 0) return [];
    await this.#place.ready();
    const there = await listRefs(this.#place);
    // Its ref is there: it died just before it could take back that it makes one.
    for (const id of cut) if (there.has(id)) endMaking(dir, id);
    return cut.filter((id) => !there.has(id));
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #create(draft: CheckpointDraft): Promise<WrittenCheckpoint> {
    const format = await this.#place.ready();
    removeLeftovers(this.#place.dir);
    const quarantine = await beginWriting(this.#place.dir);
    markMaking(this.#place.dir, draft.id);
    draft.begun?.();
    const pack = new PackWriter(quarantine.packDir, format);
    try {
      const base = await this.#takeBase(format);
      const missing = (objects: readonly ObjectId[]) => missingObjects(this.#place, objects);
      const corrupt = (problem: string): Error => this.#place.corrupt(problem);
      const writer = new CheckpointWriter({ pack, format, base, missing, corrupt });
      const written = await writer.write(draft);
      pack.finish();
      quarantine.release();
      createRef(this.#place, draft.id, written.commit);
      endMaking(this.#place.dir, draft.id);
      settle(base.tree, format);
      this.#last = { commit: written.commit, base: writer.next };
      this.#known = knownOf(writer.next, format);
      writeHint(this.#hintPath(), `${written.commit} ${draft.id}\n`);
      return written;
    } finally {
      pack.abort();
      quarantine.remove();
      leaveMaking(this.#place.dir, draft.id);
    }
  }

  /** The last checkpoint, for one writer: it changes it. */
  async #takeBase(format: ObjectFormat): Promise<Base> {
    const last = this.#last;
    this.#last = undefined;
    const [commit, id] = this.#lastWritten();
    // Also when it is in memory: another process may have deleted it since.
    if (commit === undefined || id === undefined || readRef(this.#place, id) !== commit) return emptyBase();
    if (last?.commit === commit) return last.base;
    const found = await this.#reader.read(commit);
    const tree = found?.type === 'commit' ? treeOfCommit(found.bytes) : undefined;
    return tree === undefined ? emptyBase() : emptyBase(new StoredTrees(this.#reader, format, tree));
  }

  #lastWritten(): readonly string[] {
    try {
      const hint = readFileSync(this.#hintPath(), 'latin1');
      return /^([0-9a-f]{40,64}) ([\w-]{1,100})\n$/.exec(hint)?.slice(1) ?? [];
    } catch {
      // No checkpoint yet, or no hint: the next one is written whole.
      return [];
    }
  }

  #hintPath(): string {
    return join(this.#place.dir, 'codeframe-last');
  }

  async #reading(id: string): Promise<StoreReading> {
    if (!this.#place.exists()) throw unknownId(id, []);
    return { place: this.#place, reader: this.#reader, format: await this.#place.ready() };
  }

  async #commitOf(id: string): Promise<ObjectId> {
    if (!isCheckpointId(id)) throw unknownId(id, await this.ids());
    const found = await this.#reader.read(checkpointRef(id));
    if (found?.type === 'commit') return found.object;
    // Either there is no such ref, or what it names is not there: the reader does not tell.
    const output = await this.#place.run(['rev-parse', '--verify', '--quiet', checkpointRef(id)]);
    const commit = output.stdout.toString('latin1').trim();
    if (output.code !== 0 || commit === '') throw unknownId(id, await this.ids());
    return commit;
  }
}

function knownOf({ tree, code, lines }: Base, format: ObjectFormat): KnownCode | undefined {
  const [files, modes] = ['code', 'code-meta'].map((name) => tree.items.get(name));
  if (!(files instanceof TreeDir) || !(modes instanceof TreeDir)) return undefined;
  const runs = code.map((run) => run.code);
  return { tree: files.id(format), modes: modes.id(format), runs, lines };
}

function unknownId(id: string, known: readonly string[]): CodeframeError {
  return new CodeframeError({ code: 'unknown-id', kind: 'checkpoint', id, near: nearest(id, known) });
}
