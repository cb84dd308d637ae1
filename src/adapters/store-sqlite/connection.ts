import type Database from 'better-sqlite3';
import type { StoredRow, StoredValue } from '../../store/stored-row.ts';
import { sqliteDriver } from './driver.ts';

const statementsMax = 300;

/** A statement that answers rows as lists of values, and the names of its columns: half the time of rows by name. */
interface Listing {
  readonly statement: Database.Statement<unknown[], StoredValue[]>;
  readonly columns: readonly string[];
}

/** One connection to the database file, with its prepared statements. Errors are SQLite's own. */
export class SqliteConnection {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement<unknown[], StoredRow>>();
  readonly #listings = new Map<string, Listing>();

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

  all(sql: string, values: readonly StoredValue[] = []): StoredRow[] {
    const { statement, columns } = this.#listing(sql);
    return statement.all(...values).map((row) => named(columns, row));
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

  #listing(sql: string): Listing {
    const known = this.#listings.get(sql);
    if (known) return known;
    if (this.#listings.size >= statementsMax) this.#listings.clear();
    const statement = this.#database.prepare<unknown[], StoredValue[]>(sql).raw();
    const listing = { statement, columns: statement.columns().map(({ name }) => name) };
    this.#listings.set(sql, listing);
    return listing;
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

function named(columns: readonly string[], values: readonly StoredValue[]): StoredRow {
  const row: Record<string, StoredValue> = {};
  for (let at = 0; at < columns.length; at += 1) row[columns[at] ?? ''] = values[at] ?? null;
  return row;
}
