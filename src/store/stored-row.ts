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
  const values = row as Record<string, unknown>;
  refuseUnknown(spec, Object.keys(values));
  return Object.fromEntries(
    Object.keys(spec.columns).map((column) => [column, storedValue(spec, column, values[column])]),
  );
}

/** As `storedRow`, for some of the columns. */
export function storedColumns<Row>(spec: TableSpec<Row>, row: Partial<Row>): StoredRow {
  refuseUnknown(spec, Object.keys(row));
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [column, storedValue(spec, column, value)]),
  );
}

/** The key's values as they lie in the store. */
export function storedKey<Row>(spec: TableSpec<Row>, key: readonly Value[]): readonly StoredValue[] {
  if (key.length !== spec.key.length)
    throw new TypeError(`a key has the columns ${spec.key.join(', ')}, not ${key.length} values`);
  return spec.key.map((column, index) => storedValue(spec, column, key[index]));
}

/** The row as the domain knows it. Throws `UnreadableValue` for what is no JSON. */
export function loadedRow<Row>(spec: TableSpec<Row>, stored: StoredRow): Row {
  const kinds = spec.columns as Readonly<Record<string, string>>;
  const row: Record<string, unknown> = {};
  for (const column in kinds) row[column] = loadedValue(kinds[column] ?? '', stored[column] ?? null, column);
  return row as Row;
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
  const kinds = spec.columns as Readonly<Record<string, string>>;
  const row: Record<string, unknown> = {};
  for (const column of columns)
    row[column] = loadedValue(kinds[column] ?? '', stored[column] ?? null, column);
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
  const { kind, nullable } = columnOf(spec, column);
  if (value === null || (value === undefined && kind === 'json')) {
    if (nullable) return null;
    throw new TypeError(`column ${column} is never null`);
  }
  return encode(kind, value, column);
}

export function columnOf<Row>(spec: TableSpec<Row>, column: string): { kind: ColumnKind; nullable: boolean } {
  const written = Object.hasOwn(spec.columns, column)
    ? (spec.columns as Readonly<Record<string, string>>)[column]
    : undefined;
  if (written === undefined) throw new TypeError(`there is no column ${column}`);
  return { kind: written.replace('?', '') as ColumnKind, nullable: written.endsWith('?') };
}

function refuseUnknown<Row>(spec: TableSpec<Row>, columns: readonly string[]): void {
  for (const column of columns) columnOf(spec, column);
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
  return text.replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

function loadedValue(kind: string, stored: StoredValue, column: string): unknown {
  if (stored === null) return null;
  if (kind.startsWith('json')) return parsed(String(stored), column);
  if (kind.startsWith('boolean')) return stored !== 0;
  return stored;
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
