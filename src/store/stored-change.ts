import type { RowChange } from './store.ts';
import { columnOf, sameStored, storedColumns, type StoredRow } from './stored-row.ts';
import type { TableSpec } from './tables.ts';

/**
 * The columns that a compare-and-set changes, or null when what it expects does not hold.
 * Throws a plain error for a change of the key: a row keeps its name.
 */
export function storedChange<Row>(
  spec: TableSpec<Row>,
  current: StoredRow,
  change: RowChange<Row>,
): StoredRow | null {
  const set = storedColumns(spec, change.set);
  const renamed = spec.key.find((column) => column in set && set[column] !== current[column]);
  if (renamed !== undefined) throw new TypeError(`${renamed} is part of the key, which never changes`);
  const expected = Object.entries(storedColumns(spec, change.expect ?? {}));
  const holds = expected.every(([column, value]) =>
    sameStored(columnOf(spec, column).kind, current[column] ?? null, value),
  );
  return holds ? set : null;
}
