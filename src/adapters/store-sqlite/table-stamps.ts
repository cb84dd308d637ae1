import type { TableName } from '../../store/tables.ts';

/**
 * What stands for the rows of each table: how often this store has written to it, and what SQLite says of the commits of all
 * other connections, of which nobody knows the tables.
 */
export class TableStamps {
  readonly #others: number;
  readonly #own: ReadonlyMap<TableName, number>;

  /** `others`: `PRAGMA data_version` of the one connection that writes. To be made before a snapshot is taken: an older stamp does no harm. */
  constructor(others: number, own: ReadonlyMap<TableName, number>) {
    this.#others = others;
    this.#own = new Map(own);
  }

  of(table: TableName): string {
    return `${this.#others}.${this.#own.get(table) ?? 0}`;
  }
}
