import type Database from 'better-sqlite3';
import type { StoredRow, StoredValue } from '../../store/stored-row.ts';
import { sqliteDriver } from './driver.ts';

const statementsMax = 300;

/** One connection to the database file, with its prepared statements. Errors are SQLite's own. */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<unknown[], StoredRow>>();

  constructor(path: string, options: { readonly readonly?: boolean } = {}) {
    // No waiting inside SQLite: it would stop the whole process. `whileBusy` waits between attempts instead.
    this.#database = new (sqliteDriver())(path, {
      timeout: 0,
      fileMustExist: true,
      readonly: options.readonly ?? false,
    });
  }

  /** Several statements without parameters or results. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** The value of a pragma that has one. */
  pragma(source: string): unknown {
    return this.#database.pragma(source, { simple: true });
  }

  all(sql: string, values: readonly StoredValue[] = []): readonly StoredRow[] {
    return this.#statement(sql).all(...values);
  }

  get(sql: string, values: readonly StoredValue[] = []): StoredRow | undefined {
    return this.#statement(sql).get(...values);
  }

  /** Answers how many rows changed. */
  run(sql: string, values: readonly StoredValue[] = []): number {
    return this.#statement(sql).run(...values).changes;
  }

  /** Ends the transaction without its changes; does nothing when SQLite has already done so. */
  rollBack(): void {
    if (this.#database.inTransaction) this.run('ROLLBACK');
  }

  close(): void {
    this.#database.close();
  }

  #statement(sql: string): Database.Statement<unknown[], StoredRow> {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= statementsMax) this.#statements.clear();
    const statement = this.#database.prepare<unknown[], StoredRow>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
