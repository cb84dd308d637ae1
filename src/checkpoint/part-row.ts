import { tables, type ColumnKind, type TableName } from '../store/tables.ts';

/** A row before its columns are known by name. */
export type PlainRow = Readonly<Record<string, unknown>>;

/** One line of `<table>/NNNN.ndjson`: the columns in the table's order, without those of `omit`. */
export function encodeRow(table: TableName, row: PlainRow, omit?: string): string {
  const line: Record<string, unknown> = {};
  for (const column in tables[table].columns) {
    if (column !== omit) line[column] = row[column] ?? null;
  }
  return JSON.stringify(line);
}

/** The row of a line, or in words why it is none of this table's. `given` fills columns that the line leaves out. */
export function decodeRow(
  table: TableName,
  line: string,
  given: PlainRow = {},
): { readonly row: PlainRow } | { readonly problem: string } {
  const parsed = parseObject(line);
  if (parsed === undefined) return { problem: 'a line is not a JSON object' };
  const columns: Readonly<Record<string, string>> = tables[table].columns;
  const row: Record<string, unknown> = {};
  for (const [column, kind] of Object.entries(columns)) {
    const value = parsed[column] === undefined ? given[column] : parsed[column];
    if (!fits(value, kind)) return { problem: `column ${column} is not ${kind}` };
    row[column] = value;
  }
  const unknown = Object.keys(parsed).find((column) => columns[column] === undefined);
  return unknown === undefined ? { row } : { problem: `there is no column ${unknown}` };
}

function parseObject(line: string): PlainRow | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as PlainRow)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fits(value: unknown, kind: string): boolean {
  if (value === undefined) return false;
  if (value === null) return kind.endsWith('?') || kind === 'json';
  switch (kind.replace('?', '') as ColumnKind) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'real':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return true;
  }
}
