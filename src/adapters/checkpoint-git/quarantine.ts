import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncPath } from './store-place.ts';

export const quarantinePrefix = 'incoming-';

let count = 0;

/**
 * Where the objects of one checkpoint are written until they are complete. It bears this process's id, so that the next
 * one can tell whether what it finds there is still being written; and a failure leaves nothing in the store.
 */
export class Quarantine {
  readonly #store: string;
  readonly #dir: string;

  constructor(store: string) {
    this.#store = store;
    this.#dir = join(store, `${quarantinePrefix}${process.pid}-${++count}`);
    mkdirSync(this.packDir, { recursive: true, mode: 0o700 });
  }

  /** Where the pack is to be written. */
  get packDir(): string {
    return join(this.#dir, 'pack');
  }

  get dir(): string {
    return this.#dir;
  }

  /** For git: write here, and know what is in the store. */
  get env(): NodeJS.ProcessEnv {
    return {
      GIT_OBJECT_DIRECTORY: this.#dir,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: join(this.#store, 'objects'),
    };
  }

  /** Moves a pack that is complete and synced into the store; its names are on the disk too when this returns. */
  release(): void {
    const from = this.packDir;
    const to = join(this.#store, 'objects', 'pack');
    // A pack is there for git once its index is: that comes last.
    const names = readdirSync(from).filter((name) => /\.(pack|rev|idx)$/.test(name));
    for (const name of names.toSorted((a, b) => rank(a) - rank(b)))
      renameSync(join(from, name), join(to, name));
    // The files are synced; a directory's new names need a sync of their own.
    syncPath(to);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function rank(name: string): number {
  return name.endsWith('.idx') ? 1 : 0;
}
