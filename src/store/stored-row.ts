import type { Value } from './store.ts';
import type { ColumnKind, TableSpec } from './tables.ts';

/** A column's value as it lies in the store: JSON as text, a boolean as 0 or 1. */
export type StoredValue = string | number | null;
/** A row as it lies in the store, its columns in the table's order. */
export type StoredRow = Readonly<Record<string, StoredValue>>;

/**
 * The row as every adapter stores it. Throws a plain error for a row that does not fit its table: a column too many
 * or too few, or a value of another kind.
 */
export function storedRow<Row>(spec: TableSpec<Row>, row: Row): StoredRow {
  const values = row as Readonly<Record<string, unknown>>;
  refuseUnknown(spec, Object.keys(values));
  const stored: Record<string, StoredValue> = {};
  for (const column of columnsOf(spec).values()) stored[column.name] = encoded(column, values[column.name]);
  return stored;
}

/** As `storedRow`, for some of the columns. */
export function storedColumns<Row>(spec: TableSpec<Row>, row: Partial<Row>): StoredRow {
  const stored: Record<string, StoredValue> = {};
  for (const [name, value] of Object.entries(row)) stored[name] = encoded(columnOf(spec, name), value);
  return stored;
}

/** The key's values as they lie in the store. */
export function storedKey<Row>(spec: TableSpec<Row>, key: readonly Value[]): readonly StoredValue[] {
  if (key.length !== spec.key.length)
    throw new TypeError(`a key has the columns ${spec.key.join(', ')}, not ${key.length} values`);
  return spec.key.map((column, index) => storedValue(spec, column, key[index]));
}

/** The row as the domain knows it. Throws `UnreadableValue` for what is no JSON. */
export function loadedRow<Row>(spec: TableSpec<Row>, stored: StoredRow): Row {
  return loadedInPlace<Row, keyof Row & string>(spec, { ...stored }) as Row;
}

/** The columns to give, each once. Throws a plain error for one that the table does not have. */
export function pickedColumns<Row>(spec: TableSpec<Row>, columns: readonly string[]): readonly string[] {
  refuseUnknown(spec, columns);
  if (columns.length === 0) throw new TypeError('no column is picked');
  return [...new Set(columns)];
}

/** Some columns of a row as the domain knows them. */
export function loadedColumns<Row, Column extends keyof Row & string>(
  spec: TableSpec<Row>,
  columns: readonly Column[],
  stored: StoredRow,
): Pick<Row, Column> {
  const picked = Object.fromEntries(columns.map((column) => [column, stored[column] ?? null]));
  return loadedInPlace<Row, Column>(spec, picked);
}

/** As `loadedRow`, of a row that holds only columns to be given, and that nobody else has: it is changed, not copied. */
export function loadedInPlace<Row, Column extends keyof Row & string>(
  spec: TableSpec<Row>,
  fresh: Record<string, StoredValue>,
): Pick<Row, Column> {
  const row: Record<string, unknown> = fresh;
  for (const { name, kind } of loadedColumnsOf(spec)) {
    const value = fresh[name];
    if (value === null || value === undefined) continue;
    row[name] = kind === 'json' ? parsed(String(value), name) : value !== 0;
  }
  return row as Pick<Row, Column>;
}

/** A stored value that no `storedRow` made: the file under it is damaged. */
export class UnreadableValue extends Error {}

/** Two values of a column are the same; of JSON, when they mean the same, whatever the order of their keys. */
export function sameStored(kind: ColumnKind, a: StoredValue, b: StoredValue): boolean {
  if (a === b || kind !== 'json' || a === null || b === null) return a === b;
  return sortedJson(String(a)) === sortedJson(String(b));
}

export function storedValue<Row>(spec: TableSpec<Row>, column: string, value: unknown): StoredValue {
  return encoded(columnOf(spec, column), value);
}

/** A column as its table describes it. */
interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
}

type Columns = ReadonlyMap<string, Column>;

const known = new WeakMap<object, Columns>();

/** In the table's order; read once, for rows are stored and loaded by the ten thousand. */
function columnsOf<Row>(spec: TableSpec<Row>): Columns {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const written = Object.entries(spec.columns as Readonly<Record<string, string>>);
  const columns = new Map(
    written.map(([name, kind]) => [
      name,
      { name, kind: kind.replace('?', '') as ColumnKind, nullable: kind.endsWith('?') },
    ]),
  );
  known.set(spec, columns);
  return columns;
}

const loadedOtherwise = new WeakMap<object, readonly Column[]>();

/** Those that are not as they lie in the store. */
function loadedColumnsOf<Row>(spec: TableSpec<Row>): readonly Column[] {
  const before = loadedOtherwise.get(spec);
  if (before !== undefined) return before;
  const columns = [...columnsOf(spec).values()].filter(({ kind }) => kind === 'json' || kind === 'boolean');
  loadedOtherwise.set(spec, columns);
  return columns;
}

/** Throws a plain error for a column that the table does not have. */
export function columnOf<Row>(spec: TableSpec<Row>, name: string): Column {
  const column = columnsOf(spec).get(name);
  if (column === undefined) throw new TypeError(`there is no column ${name}`);
  return column;
}

function refuseUnknown<Row>(spec: TableSpec<Row>, columns: readonly string[]): void {
  for (const column of columns) columnOf(spec, column);
}

function encoded({ name, kind, nullable }: Column, value: unknown): StoredValue {
  if (value === null || (value === undefined && kind === 'json')) {
    if (nullable) return null;
    throw new TypeError(`column ${name} is never null`);
  }
  return encode(kind, value, name);
}

function encode(kind: ColumnKind, value: unknown, column: string): StoredValue {
  if (kind === 'text' && typeof value === 'string') return wellFormed(value);
  if (kind === 'boolean' && typeof value === 'boolean') return value ? 1 : 0;
  // `+ 0` turns -0 into 0, which is what SQL keeps of it.
  if (kind === 'integer' && Number.isSafeInteger(value)) return (value as number) + 0;
  if (kind === 'real' && Number.isFinite(value)) return (value as number) + 0;
  if (kind === 'json') {
    const json = JSON.stringify(value) as string | undefined;
    if (json !== undefined) return json;
  }
  throw new TypeError(`column ${column} is of kind ${kind}: ${typeof value} ${String(value).slice(0, 40)}`);
}

/** Half a surrogate pair has no UTF-8, so no database keeps it: U+FFFD stands in, one code unit for one. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

function parsed(text: string, column: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableValue(`the JSON in column ${column} cannot be read`, { cause });
  }
}

function sortedJson(text: string): string {
  return JSON.stringify(JSON.parse(text), (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { sorted: Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) }
      : value,
  );
}
