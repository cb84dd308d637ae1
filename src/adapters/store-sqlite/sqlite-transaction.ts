import type { CodeframeEvent } from '../../event/event.ts';
import { conditionsOf, limitOf, orderOf } from '../../store/conditions.ts';
import { rowTaken } from '../../store/row-taken.ts';
import type {
  Found,
  Query,
  ReadTransaction,
  RowChange,
  RowsChange,
  Search,
  Value,
  Where,
  WriteTransaction,
} from '../../store/store.ts';
import { storedChange, storedSet, storedSetOfAll } from '../../store/stored-change.ts';
import {
  loadedInPlace,
  loadedRow,
  pickedColumns,
  storedKey,
  storedRow,
  type StoredRow,
  type StoredValue,
} from '../../store/stored-row.ts';
import { tables, type SearchedTable, type TableName, type Tables } from '../../store/tables.ts';
import { searchedWords } from '../../store/words.ts';
import type { SqliteConnection } from './connection.ts';
import {
  countRows,
  deleteRows,
  insertRow,
  searchRows,
  selectRow,
  selectRows,
  updateRow,
  updateRows,
  type Sql,
} from './sql.ts';
import { isKeyTaken } from './sqlite-failure.ts';
import type { TableStamps } from './table-stamps.ts';

/** The port's transaction on a connection on which one has begun. Every call does its work before it returns. */
export class SqliteReadTransaction implements ReadTransaction {
  readonly #connection: SqliteConnection;
  readonly #stamps: TableStamps | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(connection: SqliteConnection, stamps?: TableStamps) {
    this.#connection = connection;
    this.#stamps = stamps;
  }

  /** What is called later is a bug of the caller, and is told so. */
  end(): void {
    this.#end = { error: new Error('the transaction is over') };
  }

  /** Throws what broke the transaction: after such an error SQLite may have rolled back already. */
  refuseBroken(): void {
    if (this.#end) throw this.#end.error;
  }

  async get<Name extends TableName>(
    table: Name,
    ...key: readonly Value[]
  ): Promise<Tables[Name] | undefined> {
    const spec = tables[table];
    const sql = selectRow(table, storedKey(spec, key));
    const stored = this.attempt((connection) => connection.get(sql.text, sql.values));
    return stored && loadedRow(spec, stored);
  }

  async list<Name extends TableName>(
    table: Name,
    query: Query<Tables[Name]> = {},
  ): Promise<readonly Tables[Name][]> {
    const spec = tables[table];
    const sql = selectRows(table, {
      conditions: conditionsOf(spec, query.where),
      order: orderOf(spec, query),
      limit: limitOf(query),
    });
    const rows = this.attempt((connection) => connection.all(sql.text, sql.values));
    return rows.map(
      (row) => loadedInPlace<Tables[Name], keyof Tables[Name] & string>(spec, row) as Tables[Name],
    );
  }

  async pick<Name extends TableName, Column extends keyof Tables[Name] & string>(
    table: Name,
    columns: readonly Column[],
    query: Query<Tables[Name]> = {},
  ): Promise<readonly Pick<Tables[Name], Column>[]> {
    const spec = tables[table];
    const order = orderOf(spec, query);
    const sql = selectRows(table, {
      conditions: conditionsOf(spec, query.where),
      order,
      limit: limitOf(query),
      columns: pickedColumns(spec, columns),
    });
    const rows = this.attempt((connection) => connection.all(sql.text, sql.values));
    return rows.map((row) => loadedInPlace<Tables[Name], Column>(spec, row));
  }

  async search<Name extends SearchedTable>(
    table: Name,
    search: Search<Tables[Name]>,
  ): Promise<readonly Found[]> {
    const spec = tables[table];
    const words = searchedWords(search.text);
    const conditions = conditionsOf(spec, search.where);
    const sql = searchRows(table, { words, any: search.any ?? false, conditions, limit: limitOf(search) });
    this.refuseBroken();
    if (words.length === 0) return [];
    const rows = this.attempt((connection) => connection.all(sql.text, sql.values));
    return rows.map((row) => ({
      key: spec.key.map((column) => row[column] ?? null),
      score: Math.max(0, Number(row['score'])),
    }));
  }

  async count<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number> {
    return this.number(countRows(table, conditionsOf(tables[table], where)));
  }

  stamp(table: TableName): string | undefined {
    return this.#stamps?.of(table);
  }

  protected number(sql: Sql): number {
    const row = this.attempt((connection) => connection.get(sql.text, sql.values));
    return Number(row?.['number'] ?? 0);
  }

  protected attempt<T>(step: (connection: SqliteConnection) => T): T {
    this.refuseBroken();
    try {
      return step(this.#connection);
    } catch (error) {
      if (!isKeyTaken(error)) this.#end = { error };
      throw error;
    }
  }
}

export class SqliteWriteTransaction extends SqliteReadTransaction implements WriteTransaction {
  /** The tables in which it may have changed something. */
  readonly written = new Set<TableName>();

  async insert<Name extends TableName>(table: Name, row: Tables[Name]): Promise<void> {
    this.#insert(table, row);
  }

  async insertAll<Name extends TableName>(table: Name, rows: readonly Tables[Name][]): Promise<void> {
    for (const row of rows) this.#insert(table, row);
  }

  #insert<Name extends TableName>(table: Name, row: Tables[Name]): void {
    const spec = tables[table];
    const stored = storedRow(spec, row);
    try {
      this.#run(table, insertRow(table, stored));
    } catch (error) {
      if (!isKeyTaken(error)) throw error;
      const key = spec.key.map((column) => stored[column] ?? null);
      throw rowTaken(table, key, error);
    }
  }

  async update<Name extends TableName>(table: Name, change: RowChange<Tables[Name]>): Promise<boolean> {
    const spec = tables[table];
    const key = storedKey(spec, change.key);
    if (change.expect === undefined) return this.#setColumns(table, key, storedSet(spec, change));
    const select = selectRow(table, key);
    const current = this.attempt((connection) => connection.get(select.text, select.values));
    if (!current) return false;
    const set = storedChange(spec, current, change);
    if (!set) return false;
    if (Object.keys(set).length > 0) this.#run(table, updateRow(table, key, set));
    return true;
  }

  async updateEach<Name extends TableName>(
    table: Name,
    changes: readonly Omit<RowChange<Tables[Name]>, 'expect'>[],
  ): Promise<number> {
    const spec = tables[table];
    return changes.filter((change) =>
      this.#setColumns(table, storedKey(spec, change.key), storedSet(spec, change)),
    ).length;
  }

  /** Without a look at the row, which may be long, when nothing is expected of it. */
  #setColumns(table: TableName, key: readonly StoredValue[], set: StoredRow): boolean {
    if (Object.keys(set).length > 0) return this.#run(table, updateRow(table, key, set)) > 0;
    const select = selectRow(table, key);
    return this.attempt((connection) => connection.get(select.text, select.values)) !== undefined;
  }

  async updateAll<Name extends TableName>(table: Name, change: RowsChange<Tables[Name]>): Promise<number> {
    const spec = tables[table];
    const set = storedSetOfAll(spec, change.set);
    return this.#run(table, updateRows(table, conditionsOf(spec, change.where), set));
  }

  async delete<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number> {
    return this.#run(table, deleteRows(table, conditionsOf(tables[table], where)));
  }

  async append(event: CodeframeEvent): Promise<void> {
    const { id, at, actor, type, data } = event;
    const last = this.number({ text: 'SELECT max(seq) AS number FROM events', values: [] });
    await this.insert('events', { seq: last + 1, id, at, actor, type, data });
  }

  async nextNumber(counter: string): Promise<number> {
    const row = await this.get('counters', counter);
    const value = (row?.value ?? 0) + 1;
    if (row) await this.update('counters', { key: [counter], set: { value } });
    else await this.insert('counters', { name: counter, value });
    return value;
  }

  #run(table: TableName, sql: Sql): number {
    this.written.add(table);
    return this.attempt((connection) => connection.run(sql.text, sql.values));
  }
}
