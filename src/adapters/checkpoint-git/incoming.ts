import type { CheckpointAt, IncomingCheckpoints } from '../../checkpoint/checkpoint-transfer.ts';
import { CodeframeError, isFailure } from '../../failure.ts';
import { createRef, listRefs } from './checkpoint-ref.ts';
import { openStored } from './git-stored-checkpoint.ts';
import type { StoreReading } from './read-checked.ts';
import { ObjectReader } from './object-reader.ts';
import type { Quarantine } from './quarantine.ts';
import { storeFailure, StorePlace } from './store-place.ts';
import { verifyCheckpoint } from './verify-checkpoint.ts';

/** Checkpoints whose objects lie in a quarantine of a store. */
export class Incoming implements IncomingCheckpoints {
  readonly checkpoints: IncomingCheckpoints['checkpoints'];
  readonly #place: StorePlace;
  readonly #quarantine: Quarantine;
  readonly #commits: ReadonlyMap<string, string>;
  readonly #reader: ObjectReader;

  constructor(place: StorePlace, quarantine: Quarantine, checkpoints: readonly CheckpointAt[]) {
    this.#place = place;
    this.#quarantine = quarantine;
    this.#commits = new Map(checkpoints.map(({ id, commit }) => [id, commit]));
    const within = new StorePlace(place.dir, quarantine.env);
    this.#reader = new ObjectReader(within);
    const reading = async (): Promise<StoreReading> => ({
      place: within,
      reader: this.#reader,
      format: await place.ready(),
    });
    this.checkpoints = {
      open: async (id) => openStored(await reading(), { id, commit: this.#commitOf(id) }),
      verify: async (id, seen = new Map()) => {
        const { commit, manifest } = await this.checkpoints.open(id);
        return verifyCheckpoint(await reading(), { id, commit, manifest }, seen);
      },
    };
  }

  async accept(ids: readonly string[]): Promise<void> {
    await this.#reader.close();
    try {
      this.#quarantine.release();
      for (const id of ids) await this.#name(id);
    } catch (error) {
      throw storeFailure(error, this.#place.dir);
    } finally {
      this.#quarantine.remove();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.close();
    this.#quarantine.remove();
  }

  async #name(id: string): Promise<void> {
    try {
      createRef(this.#place, id, this.#commitOf(id));
    } catch (error) {
      if (!isFailure(error, 'already-exists')) throw error;
      if ((await listRefs(this.#place)).get(id) !== this.#commitOf(id)) throw error;
    }
  }

  #commitOf(id: string): string {
    const commit = this.#commits.get(id);
    if (commit !== undefined) return commit;
    throw new CodeframeError({ code: 'unknown-id', kind: 'checkpoint', id, near: [] });
  }
}
