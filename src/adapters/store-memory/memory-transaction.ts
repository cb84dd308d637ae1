import type { CodeframeEvent } from '../../event/event.ts';
import { compareRows, conditionsOf, fulfils, limitOf, orderOf } from '../../store/conditions.ts';
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
import { storedChange, storedSetOfAll } from '../../store/stored-change.ts';
import {
  loadedColumns,
  loadedRow,
  pickedColumns,
  storedKey,
  storedRow,
  type StoredRow,
} from '../../store/stored-row.ts';
import {
  searchedColumns,
  tables,
  type SearchedTable,
  type TableName,
  type Tables,
} from '../../store/tables.ts';
import { rankByWords } from '../../store/words.ts';

type Rows = ReadonlyMap<string, StoredRow>;
const noRows: Rows = new Map();
const stamps = new WeakMap<Rows, string>();
let stampCount = 0;
/** The rows of every table by their key. */
export type TableRows = ReadonlyMap<TableName, Rows>;

export class MemoryReadTransaction implements ReadTransaction {
  rows: TableRows;
  #over = false;

  constructor(rows: TableRows) {
    this.rows = rows;
  }

  /** What is called later is a bug of the caller, and is told so. */
  end(): void {
    this.#over = true;
  }

  /** A table's rows are another map after each commit that wrote to it. */
  stamp(table: TableName): string | undefined {
    const rows = this.rowsOf(table);
    const known = stamps.get(rows);
    if (known !== undefined) return known;
    const made = `${++stampCount}`;
    stamps.set(rows, made);
    return made;
  }

  async get<Name extends TableName>(
    table: Name,
    ...key: readonly Value[]
  ): Promise<Tables[Name] | undefined> {
    const stored = this.rowsOf(table).get(keyText(storedKey(tables[table], key)));
    return stored && loadedRow(tables[table], stored);
  }

  async list<Name extends TableName>(
    table: Name,
    query: Query<Tables[Name]> = {},
  ): Promise<readonly Tables[Name][]> {
    return this.#ordered(table, query).map((row) => loadedRow(tables[table], row));
  }

  async pick<Name extends TableName, Column extends keyof Tables[Name] & string>(
    table: Name,
    columns: readonly Column[],
    query: Query<Tables[Name]> = {},
  ): Promise<readonly Pick<Tables[Name], Column>[]> {
    const spec = tables[table];
    pickedColumns(spec, columns);
    return this.#ordered(table, query).map((row) => loadedColumns(spec, columns, row));
  }

  async search<Name extends SearchedTable>(
    table: Name,
    search: Search<Tables[Name]>,
  ): Promise<readonly Found[]> {
    const spec = tables[table];
    const conditions = conditionsOf(spec, search.where);
    const limit = limitOf(search) ?? Infinity;
    const column = searchedColumns[table];
    // How rare a word is, is asked of the whole table: the same in every search.
    const ranked = rankByWords(this.#ordered(table, {}), {
      text: search.text,
      any: search.any ?? false,
      textOf: (row) => String(row[column]),
    });
    return ranked
      .filter(({ row }) => fulfils(row, conditions))
      .slice(0, limit)
      .map(({ row, score }) => ({ key: spec.key.map((name) => row[name] ?? null), score }));
  }

  #ordered<Name extends TableName>(table: Name, query: Query<Tables[Name]>): StoredRow[] {
    const order = orderOf(tables[table], query);
    const limit = limitOf(query) ?? Infinity;
    return this.#matching(table, query.where)
      .sort((a, b) => compareRows(a, b, order))
      .slice(0, limit);
  }

  async count<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number> {
    return this.#matching(table, where).length;
  }

  #matching<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): StoredRow[] {
    const conditions = conditionsOf(tables[table], where);
    return [...this.rowsOf(table).values()].filter((row) => fulfils(row, conditions));
  }

  protected rowsOf(table: TableName): Rows {
    if (this.#over) throw new Error('the transaction is over');
    return this.rows.get(table) ?? noRows;
  }
}

export class MemoryWriteTransaction extends MemoryReadTransaction implements WriteTransaction {
  readonly #own = new Map<TableName, Map<string, StoredRow>>();

  override stamp(): undefined {
    return undefined;
  }

  async insert<Name extends TableName>(table: Name, row: Tables[Name]): Promise<void> {
    const spec = tables[table];
    const stored = storedRow(spec, row);
    const key = spec.key.map((column) => stored[column] ?? null);
    if (this.rowsOf(table).has(keyText(key))) throw rowTaken(table, key);
    this.#ownRows(table).set(keyText(key), stored);
  }

  async insertAll<Name extends TableName>(table: Name, rows: readonly Tables[Name][]): Promise<void> {
    for (const row of rows) await this.insert(table, row);
  }

  async update<Name extends TableName>(table: Name, change: RowChange<Tables[Name]>): Promise<boolean> {
    const spec = tables[table];
    const key = keyText(storedKey(spec, change.key));
    const current = this.rowsOf(table).get(key);
    if (!current) return false;
    const set = storedChange(spec, current, change);
    if (!set) return false;
    this.#ownRows(table).set(key, { ...current, ...set });
    return true;
  }

  async updateEach<Name extends TableName>(
    table: Name,
    changes: readonly Omit<RowChange<Tables[Name]>, 'expect'>[],
  ): Promise<number> {
    let there = 0;
    for (const { key, set } of changes) if (await this.update(table, { key, set })) there += 1;
    return there;
  }

  async updateAll<Name extends TableName>(table: Name, change: RowsChange<Tables[Name]>): Promise<number> {
    const spec = tables[table];
    const set = storedSetOfAll(spec, change.set);
    const conditions = conditionsOf(spec, change.where);
    const changed = [...this.rowsOf(table)].filter(([, row]) => fulfils(row, conditions));
    for (const [key, row] of changed) this.#ownRows(table).set(key, { ...row, ...set });
    return changed.length;
  }

  async delete<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number> {
    const conditions = conditionsOf(tables[table], where);
    const doomed = [...this.rowsOf(table)].filter(([, row]) => fulfils(row, conditions));
    for (const [key] of doomed) this.#ownRows(table).delete(key);
    return doomed.length;
  }

  async append(event: CodeframeEvent): Promise<void> {
    const { id, at, actor, type, data } = event;
    let last = 0;
    for (const row of this.rowsOf('events').values()) last = Math.max(last, Number(row['seq']));
    await this.insert('events', { seq: last + 1, id, at, actor, type, data });
  }

  async nextNumber(counter: string): Promise<number> {
    const row = await this.get('counters', counter);
    const value = (row?.value ?? 0) + 1;
    if (row) await this.update('counters', { key: [counter], set: { value } });
    else await this.insert('counters', { name: counter, value });
    return value;
  }

  /** The table as this transaction changes it: its own copy from the first change on. */
  #ownRows(table: TableName): Map<string, StoredRow> {
    const own = this.#own.get(table);
    if (own) return own;
    const copy = new Map(this.rowsOf(table));
    this.#own.set(table, copy);
    this.rows = new Map(this.rows).set(table, copy);
    return copy;
  }
}

function keyText(key: readonly (string | number | null)[]): string {
  return JSON.stringify(key);
}
