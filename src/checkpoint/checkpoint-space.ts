/**
 * The space that checkpoints take, beside the `CheckpointStore` that makes and reads them. Adapters: git, memory; both pass
 * `test/conformance/checkpoint-store.ts`.
 */
export interface CheckpointSpace {
  /**
   * Takes these checkpoints away; nothing for one that is not there. When it resolves, that is on disk. Their space is
   * taken until `reclaim`. Killed in between, some of them are gone.
   */
  remove(ids: readonly string[]): Promise<void>;
  /**
   * Frees what no checkpoint needs. Others may read and write meanwhile, in any process; null when they write all the time
   * and it was not done. Killed at any step it has lost nothing, and the next one frees what it left. Throws
   * `corrupt-store`, and then has deleted nothing.
   */
  reclaim(): Promise<Reclaimed | null>;
  /**
   * What each of these checkpoints takes in the store, in the order given; one that is not there takes nothing. Throws
   * `corrupt-checkpoint` for one that cannot be read.
   */
  sizes(ids: readonly string[]): Promise<readonly CheckpointSize[]>;
  /** What the whole store takes on the disk, in bytes; cheap enough for every status. */
  diskBytes(): Promise<number>;
  /** Ids of checkpoints whose process died before they were there; each until `remove` is told of it. */
  cut(): Promise<readonly string[]>;
}

/** Bytes of all objects, before and after. */
export interface Reclaimed {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** As stored: compressed, each object once. */
export interface CheckpointSize {
  readonly id: string;
  /** What it takes besides those before it in the list. */
  readonly addedBytes: number;
  /** What no other one of the list shares. */
  readonly uniqueBytes: number;
}
