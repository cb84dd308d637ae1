import type { Manifest } from './manifest.ts';
import type { CodeEntry, ModeBits, ObjectId, Run, TreePath } from './tree.ts';

/**
 * Where checkpoints are kept: one git commit each, in a bare repository of the project's own, outside the project.
 * Adapters: git, memory; both pass `test/conformance/checkpoint-store.ts`.
 */
export interface CheckpointStore {
  /**
   * Writes one checkpoint. Resolves when all of it is synced to disk and `refs/checkpoints/<id>` names it; when it
   * rejects, or its process dies, no such ref is there. Throws `already-exists`, `no-space`, `no-permission`.
   */
  create(draft: CheckpointDraft): Promise<WrittenCheckpoint>;
  /** Throws `unknown-id` when there is none, `corrupt-checkpoint` when its manifest cannot be read, `checkpoint-newer`. */
  open(id: string): Promise<StoredCheckpoint>;
  /** The ids of all checkpoints that are there, without reading them. */
  ids(): Promise<readonly string[]>;
  /**
   * Reads and hashes every object of a checkpoint. Throws `corrupt-checkpoint` with the first part that is not right.
   * `seen`: what was read for other checkpoints in the same run of checks, and is not read again.
   */
  verify(id: string, seen?: SeenObjects): Promise<VerifiedContent>;
  /** Throws `corrupt-store` when the store itself cannot be used. */
  check(): Promise<void>;
  /** Ends the processes that it keeps for reading. May be called twice, and used again afterwards. */
  close(): Promise<void>;
}

/** The objects of one store that a run of checks has read and hashed; made empty by the caller, filled by `verify`. */
export type SeenObjects = Map<ObjectId, SeenObject>;

export interface SeenObject {
  readonly type: string;
  readonly size: number;
  /** Of the bytes; null where nothing asked for it yet. */
  readonly sha256: string | null;
  /** Kept where they are needed again: those of trees and links. */
  readonly bytes: Uint8Array | null;
}

export interface VerifiedContent {
  /** Different objects, and the sum of their sizes. */
  readonly objects: number;
  readonly bytes: number;
}

export interface CheckpointDraft {
  readonly id: string;
  /** Called when `cut` will tell of it should this process die, and before anything is read. */
  readonly begun?: () => void;
  /**
   * Strictly sorted by path (refused when not), every directory above an entry among them; `empty` is not looked at. Several
   * runs at a time, because an asynchronous step for each costs more than a run that is as it was in the last draft.
   */
  readonly code: AsyncIterable<readonly Run<CodeDraft>[]>;
  /** `git/…`, `staged/…`, `state/…`, `ledger/…`, `context/…`. Asked for when all of the code has been taken. */
  readonly parts: AsyncIterable<readonly PartDraft[]>;
  /** Called last, with what was written. */
  readonly manifest: (written: WrittenContent) => Manifest;
}

/** Part of a checkpoint that is not the working tree. Path: `/` between names of letters, digits, `_`, `-`, `%` and inner dots. */
export interface PartDraft {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface WrittenContent {
  /** Regular files and links in `code/`, and the sum of their sizes. */
  readonly files: number;
  readonly bytes: number;
  /** As `manifest.json` carries it. */
  readonly sha256: Readonly<Record<string, string>>;
}

export type CodeDraft =
  /** A file whose bytes are in the store, as they are there. */
  | Extract<CodeEntry, { kind: 'file' }>
  | { readonly kind: 'file'; readonly path: TreePath; readonly mode: ModeBits; readonly bytes: Uint8Array }
  | { readonly kind: 'link'; readonly path: TreePath; readonly target: string }
  | { readonly kind: 'directory'; readonly path: TreePath; readonly mode: ModeBits; readonly empty: boolean };

export interface WrittenCheckpoint {
  readonly commit: string;
  /** The object of each file that was given as bytes. */
  readonly objects: ReadonlyMap<TreePath, ObjectId>;
}

/** What is at one path of a checkpoint; of a file without its size, of a directory without what is in it. */
export type PlacedEntry =
  | Omit<Extract<CodeEntry, { kind: 'file' }>, 'size'>
  | Extract<CodeEntry, { kind: 'link' }>
  | Omit<Extract<CodeEntry, { kind: 'directory' }>, 'empty'>;

export interface StoredCheckpoint {
  readonly id: string;
  readonly commit: string;
  readonly manifest: Manifest;
  /** The working tree, sorted by path. */
  code(): Promise<readonly CodeEntry[]>;
  /**
   * What the working tree has at these paths, where it has something: read without the rest of the tree. Throws
   * `corrupt-checkpoint` for what cannot be read on the way there.
   */
  codeAt(paths: readonly TreePath[]): Promise<readonly PlacedEntry[]>;
  /** The paths of the other parts that start so, sorted. */
  partPaths(prefix: string): Promise<readonly string[]>;
  /** A part's bytes. Throws `corrupt-checkpoint` when it is not there or not what its name says. */
  part(path: string): Promise<Uint8Array>;
  /** Bytes of objects, in the order asked for, each checked against its id. Throws `corrupt-checkpoint`. */
  objects(ids: readonly ObjectId[]): AsyncIterable<{ readonly object: ObjectId; readonly bytes: Uint8Array }>;
}
