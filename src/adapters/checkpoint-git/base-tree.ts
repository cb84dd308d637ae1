import type { ObjectId } from '../../checkpoint/tree.ts';
import { codePrefix, type StoredBlob } from './code-entries.ts';
import { pathOfStored } from './entry-names.ts';

/** The tree of an earlier checkpoint, from which the next one starts. It turns into the next one's as that is written. */
export interface BaseTree {
  readonly tree: ObjectId | undefined;
  /** By path in the project. */
  readonly code: BaseBlobs;
  /** By path from the top. */
  readonly parts: BaseBlobs;
}

export function noBase(): BaseTree {
  return { tree: undefined, code: new BaseBlobs(), parts: new BaseBlobs() };
}

export function baseOf(tree: ObjectId, blobs: readonly StoredBlob[]): BaseTree {
  const base = { tree, code: new BaseBlobs(), parts: new BaseBlobs() };
  for (const { path, mode, object } of blobs) {
    if (path.startsWith(codePrefix)) base.code.add(pathOfStored(path.slice(codePrefix.length)), mode, object);
    else base.parts.add(path, mode, object);
  }
  return base;
}

interface BaseBlob {
  mode: string;
  object: ObjectId;
  /** The last round in which it was asked for. */
  seen: number;
}

const added = { isNew: true } as const;
const kept = { isNew: false } as const;

/**
 * Blobs by path, changed in place: of 100,000 mostly none is another one than in the checkpoint before, and a new map of
 * all of them would cost more than all the rest of the work.
 */
export class BaseBlobs {
  readonly #blobs = new Map<string, BaseBlob>();
  #round = 1;
  #seen = 0;

  add(path: string, mode: string, object: ObjectId): void {
    this.#blobs.set(path, { mode, object, seen: 0 });
  }

  /** Puts a blob at a path; answers the mode of another one that was there. Each path once a round. */
  put(path: string, mode: string, object: ObjectId): { readonly isNew: boolean; readonly before?: string } {
    const blob = this.#blobs.get(path);
    this.#seen += 1;
    if (blob === undefined) {
      this.#blobs.set(path, { mode, object, seen: this.#round });
      return added;
    }
    if (blob.seen === this.#round) throw new Error(`a checkpoint has two entries at ${path}`);
    blob.seen = this.#round;
    if (blob.object === object && blob.mode === mode) return kept;
    const before = blob.mode;
    blob.mode = mode;
    blob.object = object;
    return { isNew: true, before };
  }

  /** Takes away and answers what was not asked for in this round, and ends it. */
  takeUnseen(): { readonly path: string; readonly mode: string }[] {
    const unseen: { readonly path: string; readonly mode: string }[] = [];
    if (this.#seen !== this.#blobs.size) {
      for (const [path, { mode, seen }] of this.#blobs) {
        if (seen !== this.#round) unseen.push({ path, mode });
      }
      for (const { path } of unseen) this.#blobs.delete(path);
    }
    this.#round += 1;
    this.#seen = 0;
    return unseen;
  }
}
