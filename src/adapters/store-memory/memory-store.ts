import { AsyncLocalStorage } from 'node:async_hooks';
import { checkFence } from '../../store/fence.ts';
import { OpenWork } from '../../store/open-work.ts';
import type { ReadTransaction, Store, WriteOptions, WriteTransaction } from '../../store/store.ts';
import { WriteTurns, type Turn } from '../../store/write-turns.ts';
import { MemoryReadTransaction, MemoryWriteTransaction, type TableRows } from './memory-transaction.ts';

/** What several memory stores can share, as several processes share a database file. */
export class MemoryDatabase {
  /** The state after the last commit; replaced by a commit, never changed. */
  rows: TableRows = new Map();
  commits = 0;
  readonly turns = new WriteTurns(turnPlatform());
}

/** A store that is gone with the process: for tests, and for rows that are only passing through. */
export function openMemoryStore(database: MemoryDatabase = new MemoryDatabase()): Store {
  return new MemoryStore(database);
}

class MemoryStore implements Store {
  readonly #database: MemoryDatabase;
  readonly #work = new OpenWork();

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    return this.#work.run(async () => {
      const tx = new MemoryReadTransaction(this.#database.rows);
      try {
        return await work(tx);
      } finally {
        tx.end();
      }
    });
  }

  write<T>(work: (tx: WriteTransaction) => Promise<T>, options: WriteOptions = {}): Promise<T> {
    return this.#work.run(() => {
      let tx = new MemoryWriteTransaction(this.#database.rows);
      return this.#database.turns.take({
        begin: async () => {
          tx = new MemoryWriteTransaction(this.#database.rows);
        },
        work: async () => {
          if (options.fence) checkFence(options.fence, await tx.get('leases', 'runner'));
          return work(tx);
        },
        commit: () => {
          tx.end();
          if (tx.rows === this.#database.rows) return;
          this.#database.rows = tx.rows;
          this.#database.commits += 1;
        },
        rollback: () => tx.end(),
      });
    });
  }

  version(): Promise<number> {
    return this.#work.run(async () => this.#database.commits);
  }

  close(): Promise<void> {
    return this.#work.close(() => undefined);
  }
}

function turnPlatform() {
  const turns = new AsyncLocalStorage<Turn>();
  return {
    within: <T>(turn: Turn, work: () => T) => turns.run(turn, work),
    current: () => turns.getStore(),
    afterPromises: (callback: () => void) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
}
