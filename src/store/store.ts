import type { CodeframeEvent } from '../event/event.ts';
import type { SearchedTable, TableName, Tables } from './tables.ts';

/** The right of one owner to change the project: the lease's number at the time it was taken. */
export interface Fence {
  readonly ownerId: string;
  readonly epoch: number;
}

export type Value = string | number | boolean | null;

/** A condition on one column: equality, or one of the operators. On a JSON column only null can be asked for. */
export type Where<Row> = {
  readonly [Column in keyof Row]?:
    | Row[Column]
    | { readonly in: readonly Row[Column][] }
    | { readonly gt: number }
    | { readonly gte: number };
};

export interface Query<Row> {
  readonly where?: Where<Row>;
  /** Column to order by, then by the key; the table's key when left out. Null comes first, text by code points. */
  readonly orderBy?: keyof Row & string;
  readonly descending?: boolean;
  readonly limit?: number;
}

/** A question in words for a table's text. */
export interface Search<Row> {
  /** Its words are its runs of letters and digits; neither case nor accents count. Without a word nothing is found. */
  readonly text: string;
  /** True: a row needs one of the words; otherwise it needs all of them. */
  readonly any?: boolean;
  readonly where?: Where<Row>;
  readonly limit?: number;
}

/** A row that a search found: its key, and how well it fits (more is better; 0 or more). */
export interface Found {
  readonly key: readonly Value[];
  readonly score: number;
}

/** One consistent snapshot: nothing that another process commits meanwhile is seen. */
export interface ReadTransaction {
  /** The row with this key (one value a key column, in the key's order), or undefined. */
  get<Name extends TableName>(table: Name, ...key: readonly Value[]): Promise<Tables[Name] | undefined>;
  /** The rows that fulfil all conditions, in the order asked for. */
  list<Name extends TableName>(table: Name, query?: Query<Tables[Name]>): Promise<readonly Tables[Name][]>;
  /** The rows as `list` gives them, but of each only these columns: the long texts of a large table are not read. */
  pick<Name extends TableName, Column extends keyof Tables[Name] & string>(
    table: Name,
    columns: readonly Column[],
    query?: Query<Tables[Name]>,
  ): Promise<readonly Pick<Tables[Name], Column>[]>;
  /**
   * The rows whose text (`searchedColumns`) has the words, best first: by BM25, equals in the order of the key.
   * What this transaction wrote is found.
   */
  search<Name extends SearchedTable>(table: Name, search: Search<Tables[Name]>): Promise<readonly Found[]>;
  count<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number>;
  /**
   * Stands for all rows of a table: another transaction of the same open store that answers the same text sees the same
   * rows. Undefined when the store cannot tell, as in a write transaction. The text says nothing to another process.
   */
  stamp(table: TableName): string | undefined;
}

export interface WriteTransaction extends ReadTransaction {
  /** Adds a row. Throws `already-exists` when its key is taken. */
  insert<Name extends TableName>(table: Name, row: Tables[Name]): Promise<void>;
  /** Adds rows, as `insert` does each: many at a time take half as long. */
  insertAll<Name extends TableName>(table: Name, rows: readonly Tables[Name][]): Promise<void>;
  /**
   * Compare-and-set: changes the row with `row`'s key when every column of `expect` still has that value.
   * Answers false, and changes nothing, when it has not, or when the row is not there.
   */
  update<Name extends TableName>(table: Name, change: RowChange<Tables[Name]>): Promise<boolean>;
  /** Changes rows, as `update` does each, whatever they are now; answers how many were there. */
  updateEach<Name extends TableName>(
    table: Name,
    changes: readonly Omit<RowChange<Tables[Name]>, 'expect'>[],
  ): Promise<number>;
  /** Sets the same columns of all rows that fulfil the conditions (all rows when there are none); answers how many. */
  updateAll<Name extends TableName>(table: Name, change: RowsChange<Tables[Name]>): Promise<number>;
  /** Deletes the rows that fulfil all conditions (all rows when there are none); answers how many. */
  delete<Name extends TableName>(table: Name, where?: Where<Tables[Name]>): Promise<number>;
  /** Adds to the event log; the store gives it the next `seq`. */
  append(event: CodeframeEvent): Promise<void>;
  /** The next number of a counter that never rewinds; the first is 1. */
  nextNumber(counter: string): Promise<number>;
}

export interface RowChange<Row> {
  readonly key: readonly Value[];
  readonly expect?: Partial<Row>;
  readonly set: Partial<Row>;
}

/** `set` names none of the key's columns, and at least one. */
export interface RowsChange<Row> {
  readonly where?: Where<Row>;
  readonly set: Partial<Row>;
}

export interface WriteOptions {
  /** When given, the write is refused with `stale-owner` unless this owner still holds the lease (O1). */
  readonly fence?: Fence;
}

/**
 * Where a project's rows are kept. Adapters: SQLite, memory; both pass `test/conformance/store.ts`.
 *
 * A row comes back as it was put in, but for half a surrogate pair in a text, in whose place U+FFFD comes back, and
 * for what JSON does to a value. A row or a condition that does not fit its table is a bug: a `TypeError`.
 * All of a `write` is committed and on disk when its promise resolves, or none of it when it rejects, whatever is
 * killed in between. Writers wait for each other, at most a bounded time, then fail with `database-busy`.
 */
export interface Store {
  /**
   * Runs `work` on one snapshot, taken when `read` is called. It may be called at any time, also during a write of
   * this or another process, and its work may take as long as it likes.
   */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction that holds the write lock from its start. `work` must await nothing but `tx`:
   * an adapter may refuse (a plain error) a transaction that does. Throwing rolls everything back. Not nestable.
   */
  write<T>(work: (tx: WriteTransaction) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** A number that is another one after every commit of a change by anyone: cheap enough to ask every 20 ms. */
  version(): Promise<number>;
  /** Waits for running transactions, then closes. May be called twice. */
  close(): Promise<void>;
}
