import { AsyncLocalStorage } from 'node:async_hooks';
import { statSync } from 'node:fs';
import { CodeframeError } from '../../failure.ts';
import { checkFence } from '../../store/fence.ts';
import { OpenWork } from '../../store/open-work.ts';
import type { ReadTransaction, Store, WriteOptions, WriteTransaction } from '../../store/store.ts';
import type { TableName } from '../../store/tables.ts';
import { WriteTurns, type Turn, type TurnPlatform } from '../../store/write-turns.ts';
import { backupsIn } from './backup.ts';
import type { SqliteConnection } from './connection.ts';
import { newestOf, refuseNewer, schemaOf } from './migrate.ts';
import { migrations, type Migration } from './migrations.ts';
import { openReader, openWriter, prepareFile, type FileIdentity } from './open-database.ts';
import { failureOf, isCorrupt, openingFailureOf, type DatabasePlace } from './sqlite-failure.ts';
import { SqliteReadTransaction, SqliteWriteTransaction } from './sqlite-transaction.ts';
import { TableStamps } from './table-stamps.ts';
import { whileBusy } from './while-busy.ts';

export interface SqliteStoreOptions {
  readonly path: string;
  /** Where the database is copied to before a migration. */
  readonly backupsDir: string;
  /** False: a database that is missing or empty is `corrupt-database`, not made. */
  readonly create?: boolean;
  /** How long to wait for a lock that another process holds. */
  readonly busyMs?: number;
  /** Wall time in ms, for the names of backups. */
  readonly now?: () => number;
  readonly migrations?: readonly Migration[];
}

/** A store in a SQLite file. */
export interface SqliteStore extends Store {
  /** The number of the schema that the database has. */
  readonly schema: number;
  /** What SQLite finds wrong with the file, a line each; reads all of it. */
  check(): Promise<readonly string[]>;
  /** The copies made before migrations, whole paths, newest first. */
  backups(): readonly string[];
}

/** The newest schema that this program knows. */
export const newestSchema = newestOf(migrations);

const idleReadersMax = 4;

/**
 * Opens the database, makes it when it is not there, migrates it when it is old. Throws `database-newer`,
 * `corrupt-database`, `no-permission`, `no-space`, `database-busy`, `input-output`, `missing-module`; whatever it
 * throws, the database is as it was.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const order = { create: true, busyMs: 5_000, now: () => Date.now(), migrations, ...options };
  const since = performance.now();
  try {
    const identity = prepareFile(order);
    const writer = await whileBusy(() => openWriter(order), {
      path: order.path,
      busyMs: order.busyMs,
      since,
    });
    return new FileStore({ place: order, busyMs: order.busyMs, writer, identity });
  } catch (error) {
    throw openingFailureOf(error, order);
  }
}

interface OpenedDatabase {
  readonly place: DatabasePlace;
  readonly busyMs: number;
  readonly writer: SqliteConnection;
  readonly identity: FileIdentity;
}

class FileStore implements SqliteStore {
  readonly schema: number;
  readonly #opened: OpenedDatabase;
  readonly #turns = new WriteTurns(turnPlatform());
  readonly #work = new OpenWork();
  readonly #idleReaders: SqliteConnection[] = [];
  /** In no transaction ever, for within one the answer stands still. */
  #watcher: SqliteConnection | undefined;
  /** How many commits of this store have written to a table. */
  readonly #commits = new Map<TableName, number>();

  constructor(opened: OpenedDatabase) {
    this.#opened = opened;
    this.schema = schemaOf(opened.writer);
  }

  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    return this.#guarded('read the database', async () => {
      const stamps = this.#stamps();
      const reader = await this.#whileBusy(() => this.#beginRead(), performance.now());
      const tx = new SqliteReadTransaction(reader, stamps);
      try {
        return await work(tx);
      } finally {
        tx.end();
        this.#endRead(reader);
      }
    });
  }

  write<T>(work: (tx: WriteTransaction) => Promise<T>, options: WriteOptions = {}): Promise<T> {
    const { writer } = this.#opened;
    const asked = performance.now();
    return this.#guarded('write the database', () => {
      let tx = new SqliteWriteTransaction(writer);
      return this.#turns.take({
        begin: async () => {
          await this.#whileBusy(() => this.#beginWrite(), asked);
          tx = new SqliteWriteTransaction(writer);
        },
        work: async () => {
          if (options.fence) checkFence(options.fence, await tx.get('leases', 'runner'));
          return work(tx);
        },
        commit: () => {
          tx.refuseBroken();
          tx.end();
          // Also should it fail: a stamp too many does no harm.
          for (const table of tx.written) this.#commits.set(table, (this.#commits.get(table) ?? 0) + 1);
          writer.run('COMMIT');
        },
        rollback: () => {
          tx.end();
          writer.rollBack();
        },
      });
    });
  }

  version(): Promise<number> {
    return this.#guarded('read the database', () =>
      this.#whileBusy(() => {
        this.#watcher ??= openReader(this.#opened.place);
        return Number(this.#watcher.get('PRAGMA data_version')?.['data_version']);
      }, performance.now()),
    );
  }

  check(): Promise<readonly string[]> {
    return this.#guarded('check the database', async () => {
      const reader = await this.#whileBusy(() => this.#beginRead(), performance.now());
      try {
        const lines = reader.all('PRAGMA integrity_check').map((row) => String(row['integrity_check']));
        const strays = reader.all('PRAGMA foreign_key_check');
        return [
          ...lines.filter((line) => line !== 'ok'),
          ...strays.map(
            (row) =>
              `a row of ${String(row['table'])} names one of ${String(row['parent'])} that is not there`,
          ),
        ];
      } catch (error) {
        if (isCorrupt(error)) return [error.message];
        throw error;
      } finally {
        this.#endRead(reader);
      }
    });
  }

  backups(): readonly string[] {
    return backupsIn(this.#opened.place.backupsDir);
  }

  close(): Promise<void> {
    return this.#work.close(() => {
      for (const reader of this.#idleReaders) reader.close();
      this.#watcher?.close();
      this.#opened.writer.close();
    });
  }

  /** Undefined where the writer cannot say, as while it waits for a lock. */
  #stamps(): TableStamps | undefined {
    try {
      const found = this.#opened.writer.get('PRAGMA data_version')?.['data_version'];
      return new TableStamps(Number(found), this.#commits);
    } catch {
      return undefined;
    }
  }

  /** A reader with its snapshot taken: SQLite takes it with the first read, not with BEGIN. */
  #beginRead(): SqliteConnection {
    const reader = this.#idleReaders.pop() ?? openReader(this.#opened.place);
    try {
      reader.run('BEGIN');
      this.#refuseOtherSchema(reader);
      return reader;
    } catch (error) {
      this.#endRead(reader);
      throw error;
    }
  }

  #endRead(reader: SqliteConnection): void {
    reader.rollBack();
    if (this.#idleReaders.length < idleReadersMax) this.#idleReaders.push(reader);
    else reader.close();
  }

  #beginWrite(): void {
    const { writer } = this.#opened;
    this.#refuseReplaced();
    writer.run('BEGIN IMMEDIATE');
    try {
      this.#refuseOtherSchema(writer);
    } catch (error) {
      writer.rollBack();
      throw error;
    }
  }

  /** What is written into a file that has lost its name would be acknowledged and lost. */
  #refuseReplaced(): void {
    const { place, identity } = this.#opened;
    const found = statSync(place.path, { throwIfNoEntry: false });
    if (found?.ino === identity.ino && found.dev === identity.dev) return;
    throw new CodeframeError({
      code: 'input-output',
      path: place.path,
      doing: 'write the database',
      problem: `the file was ${found ? 'replaced' : 'deleted'} while it was open`,
    });
  }

  /** A newer program may have migrated the database since it was opened. */
  #refuseOtherSchema(connection: SqliteConnection): void {
    refuseNewer(schemaOf(connection), this.schema, this.#opened.place.path);
  }

  #whileBusy<T>(attempt: () => T, since: number): Promise<T> {
    return whileBusy(attempt, { path: this.#opened.place.path, busyMs: this.#opened.busyMs, since });
  }

  async #guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#work.run(work);
    } catch (error) {
      throw failureOf(error, this.#opened.place, doing);
    }
  }
}

function turnPlatform(): TurnPlatform {
  const turns = new AsyncLocalStorage<Turn>();
  return {
    within: (turn, work) => turns.run(turn, work),
    current: () => turns.getStore(),
    afterPromises: (callback) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
}
