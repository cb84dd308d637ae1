import type { Condition, Order } from '../../store/conditions.ts';
import type { StoredRow, StoredValue } from '../../store/stored-row.ts';
import { tables, type SearchedTable, type TableName } from '../../store/tables.ts';

/** A statement and what stands for its question marks. */
export interface Sql {
  readonly text: string;
  readonly values: readonly StoredValue[];
}

const columnLists = new Map<TableName, string>();
const gets = new Map<TableName, string>();
/** Of each table the statement that was asked for last: rows of one kind come in thousands. */
const inserts = new Map<TableName, RowStatement>();
const updates = new Map<TableName, RowStatement>();

interface RowStatement {
  readonly columns: readonly string[];
  readonly text: string;
}

export function selectRows(
  table: TableName,
  options: {
    conditions: readonly Condition[];
    order: Order;
    limit: number | null;
    /** Absent: all. */
    columns?: readonly string[];
  },
): Sql {
  const where = whereSql(options.conditions);
  const direction = options.order.descending ? 'DESC' : 'ASC';
  const order = options.order.columns.map((column) => `${columnSql(column)} ${direction}`).join(', ');
  return {
    text: `SELECT ${options.columns?.map(namedColumn).join(', ') ?? columnList(table)} FROM ${table}${where.text} ORDER BY ${order} LIMIT ?`,
    // SQLite: below zero is no limit.
    values: [...where.values, options.limit ?? -1],
  };
}

export function selectRow(table: TableName, key: readonly StoredValue[]): Sql {
  const text = gets.get(table) ?? `SELECT ${columnList(table)} FROM ${table} WHERE ${keySql(table)}`;
  gets.set(table, text);
  return { text, values: key };
}

/** The keys and the scores of the rows that the full text index of the table finds. */
export function searchRows(
  table: SearchedTable,
  options: {
    words: readonly string[];
    any: boolean;
    conditions: readonly Condition[];
    limit: number | null;
  },
): Sql {
  const index = `${table}_words`;
  const where = whereSql(options.conditions);
  const key = tables[table].key;
  return {
    text:
      `SELECT ${key.map(namedColumn).join(', ')}, -bm25(${index}) AS score ` +
      `FROM ${index} JOIN ${table} ON ${table}.rowid = ${index}.rowid ` +
      `${where.text === '' ? ' WHERE' : `${where.text} AND`} ${index} MATCH ? ` +
      `ORDER BY score DESC, ${key.map(columnSql).join(', ')} LIMIT ?`,
    values: [
      ...where.values,
      // Quoted, a word is never one of the index's own language.
      options.words.map((word) => `"${word}"`).join(options.any ? ' OR ' : ' AND '),
      options.limit ?? -1,
    ],
  };
}

export function countRows(table: TableName, conditions: readonly Condition[]): Sql {
  const where = whereSql(conditions);
  return { text: `SELECT count(*) AS number FROM ${table}${where.text}`, values: where.values };
}

/** `row` has all columns of the table, in its order; of an older schema's, those that it had. */
export function insertRow(table: TableName, row: StoredRow): Sql {
  const columns = Object.keys(row);
  const text = remembered(inserts, { table, columns }, () => {
    const marks = columns.map(() => '?').join(', ');
    return `INSERT INTO ${table} (${columns.map(columnSql).join(', ')}) VALUES (${marks})`;
  });
  return { text, values: Object.values(row) };
}

export function updateRow(table: TableName, key: readonly StoredValue[], set: StoredRow): Sql {
  const columns = Object.keys(set);
  const text = remembered(updates, { table, columns }, () => {
    const changes = columns.map((column) => `${columnSql(column)} = ?`);
    return `UPDATE ${table} SET ${changes.join(', ')} WHERE ${keySql(table)}`;
  });
  return { text, values: [...Object.values(set), ...key] };
}

export function updateRows(table: TableName, conditions: readonly Condition[], set: StoredRow): Sql {
  const changes = Object.keys(set).map((column) => `${columnSql(column)} = ?`);
  const where = whereSql(conditions);
  return {
    text: `UPDATE ${table} SET ${changes.join(', ')}${where.text}`,
    values: [...Object.values(set), ...where.values],
  };
}

function remembered(
  statements: Map<TableName, RowStatement>,
  { table, columns }: { readonly table: TableName; readonly columns: readonly string[] },
  make: () => string,
): string {
  const last = statements.get(table);
  if (last !== undefined && areSame(last.columns, columns)) return last.text;
  const text = make();
  statements.set(table, { columns, text });
  return text;
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}

export function deleteRows(table: TableName, conditions: readonly Condition[]): Sql {
  const where = whereSql(conditions);
  return { text: `DELETE FROM ${table}${where.text}`, values: where.values };
}

/** `taskId` is `"task_id"` in SQL: quoted, for some are words of SQL. */
export function columnSql(column: string): string {
  return `"${column.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}"`;
}

function columnList(table: TableName): string {
  const known = columnLists.get(table);
  if (known !== undefined) return known;
  const list = Object.keys(tables[table].columns).map(namedColumn).join(', ');
  columnLists.set(table, list);
  return list;
}

function namedColumn(column: string): string {
  return `${columnSql(column)} AS "${column}"`;
}

function keySql(table: TableName): string {
  return tables[table].key.map((column) => `${columnSql(column)} = ?`).join(' AND ');
}

function whereSql(conditions: readonly Condition[]): Sql {
  if (conditions.length === 0) return { text: '', values: [] };
  const parts = conditions.map(conditionSql);
  return {
    text: ` WHERE ${parts.map(({ text }) => text).join(' AND ')}`,
    values: parts.flatMap(({ values }) => values),
  };
}

function conditionSql(condition: Condition): Sql {
  const column = columnSql(condition.column);
  switch (condition.test) {
    case 'gt':
      return { text: `${column} > ?`, values: [condition.value] };
    case 'gte':
      return { text: `${column} >= ?`, values: [condition.value] };
    case 'in':
      return listedSql(column, condition.values);
    case 'is':
      return condition.value === null
        ? { text: `${column} IS NULL`, values: [] }
        : { text: `${column} = ?`, values: [condition.value] };
  }
}

/** One parameter for a list of any length: the same statement each time, and no limit of 32,766 of them. */
function listedSql(column: string, list: readonly StoredValue[]): Sql {
  const listed = `${column} IN (SELECT value FROM json_each(?))`;
  return {
    text: list.includes(null) ? `(${listed} OR ${column} IS NULL)` : listed,
    values: [JSON.stringify(list.filter((value) => value !== null))],
  };
}
