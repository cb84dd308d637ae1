import { createHash } from 'node:crypto';
import type { RestorePreview } from '../handle.ts';
import type { ReadTransaction, Value, Where, WriteTransaction } from '../store/store.ts';
import { tables, type Tables } from '../store/tables.ts';
import { stateTables, type StateRows, type StateTable } from './parts.ts';

/** What has to be done to the rows of one table. */
export interface TableChange<Name extends StateTable = StateTable> {
  readonly table: Name;
  readonly added: readonly Tables[Name][];
  readonly changed: readonly { readonly from: Tables[Name]; readonly to: Tables[Name] }[];
  readonly deleted: readonly Tables[Name][];
}

/** The way from some rows to others; tables without a change are left out. Pure. */
export function planRows(present: StateRows, wanted: StateRows): readonly TableChange[] {
  return stateTables
    .map((table) => planTable(table, present, wanted))
    .filter(({ added, changed, deleted }) => added.length + changed.length + deleted.length > 0);
}

export async function readState(tx: ReadTransaction): Promise<StateRows> {
  const rows: Partial<Record<StateTable, readonly unknown[]>> = {};
  for (const table of stateTables) rows[table] = await tx.list(table);
  return rows as StateRows;
}

/** Carries it out; answers how many rows changed. */
export async function changeRows(tx: WriteTransaction, changes: readonly TableChange[]): Promise<number> {
  for (const { table, deleted } of changes.toReversed()) {
    for (const row of deleted) await tx.delete(table, keyCondition(table, row));
  }
  for (const { table, changed, added } of changes) {
    for (const { from, to } of changed) {
      const done = await tx.update(table, { key: keyOf(table, from), set: differences(from, to) });
      if (!done) throw new Error(`a row of ${table} went away inside a transaction`);
    }
    for (const row of added) await tx.insert(table, row);
  }
  return changes.reduce((sum, one) => sum + one.added.length + one.changed.length + one.deleted.length, 0);
}

/** How many rows of which table. */
export function countRows(changes: readonly TableChange[]): RestorePreview['rows'] {
  return changes.map(({ table, added, changed, deleted }) => ({
    table,
    added: added.length,
    changed: changed.length,
    deleted: deleted.length,
  }));
}

/** Equal exactly when the same rows would become the same. */
export function rowsDigest(changes: readonly TableChange[]): string {
  const hash = createHash('sha256');
  for (const change of changes) hash.update(`${canonical(change)}\n`);
  return hash.digest('hex');
}

/** The tables in which two plans are not the same. */
export function differingTables(
  one: readonly TableChange[],
  other: readonly TableChange[],
): readonly StateTable[] {
  const digestOf = (changes: readonly TableChange[], name: StateTable): string =>
    rowsDigest(changes.filter(({ table }) => table === name));
  return stateTables.filter((name) => digestOf(one, name) !== digestOf(other, name));
}

function planTable<Name extends StateTable>(
  table: Name,
  present: StateRows,
  wanted: StateRows,
): TableChange<Name> {
  const before = rowsByKey(table, present[table]);
  const after = rowsByKey(table, wanted[table]);
  const added: Tables[Name][] = [];
  const changed: { from: Tables[Name]; to: Tables[Name] }[] = [];
  for (const [key, to] of after) {
    const from = before.get(key);
    if (from === undefined) added.push(to);
    else if (canonical(from) !== canonical(to)) changed.push({ from, to });
  }
  const deleted = [...before].filter(([key]) => !after.has(key)).map(([, row]) => row);
  return { table, added, changed, deleted };
}

function rowsByKey<Name extends StateTable>(
  table: Name,
  rows: readonly Tables[Name][],
): ReadonlyMap<string, Tables[Name]> {
  return new Map(rows.map((row) => [JSON.stringify(keyOf(table, row)), row]));
}

function keyOf<Name extends StateTable>(table: Name, row: Tables[Name]): readonly Value[] {
  const columns = row as unknown as Readonly<Record<string, Value>>;
  return (tables[table].key as readonly string[]).map((column) => columns[column] ?? null);
}

function keyCondition<Name extends StateTable>(table: Name, row: Tables[Name]): Where<Tables[Name]> {
  const names = tables[table].key as readonly string[];
  const values = keyOf(table, row);
  return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Where<Tables[Name]>;
}

function differences<Row extends object>(from: Row, to: Row): Partial<Row> {
  const entries = Object.entries(to).filter(
    ([column, value]) => canonical(value) !== canonical(from[column as keyof Row]),
  );
  return Object.fromEntries(entries) as Partial<Row>;
}

/** JSON with the names of objects in order: a database may give them back in another. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
