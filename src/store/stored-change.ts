import type { RowChange } from './store.ts';
import { columnOf, sameStored, storedColumns, storedKey, type StoredRow } from './stored-row.ts';
import type { TableSpec } from './tables.ts';

/**
 * The columns that a compare-and-set changes, or null when what it expects does not hold. Throws as `storedSet` does.
 */
export function storedChange<Row>(
  spec: TableSpec<Row>,
  current: StoredRow,
  change: RowChange<Row>,
): StoredRow | null {
  const set = storedSet(spec, change);
  const expected = Object.entries(storedColumns(spec, change.expect ?? {}));
  const holds = expected.every(([column, value]) =>
    sameStored(columnOf(spec, column).kind, current[column] ?? null, value),
  );
  return holds ? set : null;
}

/** The columns that a change of many rows sets. Throws a plain error for one of the key, and for none. */
export function storedSetOfAll<Row>(spec: TableSpec<Row>, columns: Partial<Row>): StoredRow {
  const set = storedColumns(spec, columns);
  const renamed = spec.key.find((column) => column in set);
  if (renamed !== undefined) throw new TypeError(`${renamed} is part of the key, which never changes`);
  if (Object.keys(set).length === 0) throw new TypeError('no column is set');
  return set;
}

/** The columns that a change sets. Throws a plain error for a change of the key: a row keeps its name. */
export function storedSet<Row>(spec: TableSpec<Row>, change: RowChange<Row>): StoredRow {
  const set = storedColumns(spec, change.set);
  const isSet = spec.key.some((column) => column in set);
  const key = isSet ? storedKey(spec, change.key) : [];
  const renamed = spec.key.find((column, index) => column in set && set[column] !== key[index]);
  if (renamed !== undefined) throw new TypeError(`${renamed} is part of the key, which never changes`);
  return set;
}
