import type { Query, Where } from './store.ts';
import { columnOf, storedValue, type StoredRow, type StoredValue } from './stored-row.ts';
import type { TableSpec } from './tables.ts';

/** One test of one column, on values as they lie in the store. */
export type Condition =
  | { readonly test: 'is'; readonly column: string; readonly value: StoredValue }
  | { readonly test: 'in'; readonly column: string; readonly values: readonly StoredValue[] }
  | { readonly test: 'gt' | 'gte'; readonly column: string; readonly value: number };

export interface Order {
  readonly columns: readonly string[];
  readonly descending: boolean;
}

/** The conditions of a `where`; throws a plain error for one that no adapter can answer. */
export function conditionsOf<Row>(spec: TableSpec<Row>, where: Where<Row> = {}): readonly Condition[] {
  return Object.entries(where).flatMap(([column, wanted]) => conditionsOn(spec, column, wanted));
}

function conditionsOn<Row>(spec: TableSpec<Row>, column: string, wanted: unknown): readonly Condition[] {
  const { kind } = columnOf(spec, column);
  if (wanted === null) return [{ test: 'is', column, value: null }];
  if (wanted === undefined) throw new TypeError(`the condition on ${column} is undefined`);
  if (kind === 'json') throw new TypeError(`a condition on ${column}, which is JSON, can only be null`);
  if (typeof wanted !== 'object') return [{ test: 'is', column, value: storedValue(spec, column, wanted) }];
  const operators = Object.entries(wanted);
  if (operators.length === 0) throw new TypeError(`the condition on ${column} is empty`);
  return operators.map(([operator, operand]) => operation(spec, { column, operator, operand }));
}

function operation<Row>(
  spec: TableSpec<Row>,
  { column, operator, operand }: { column: string; operator: string; operand: unknown },
): Condition {
  const { kind } = columnOf(spec, column);
  if (operator === 'in' && Array.isArray(operand)) {
    const values = operand.map((value) => (value === null ? null : storedValue(spec, column, value)));
    return { test: 'in', column, values };
  }
  const numeric = kind === 'integer' || kind === 'real';
  if ((operator === 'gt' || operator === 'gte') && numeric && Number.isFinite(operand))
    return { test: operator, column, value: Number(operand) };
  throw new TypeError(`no condition: ${column} ${operator} ${String(operand)}`);
}

/** By what a list is ordered: the key decides between equals, so that every adapter gives the same order. */
export function orderOf<Row>(spec: TableSpec<Row>, query: Query<Row> = {}): Order {
  const descending = query.descending ?? false;
  if (query.orderBy === undefined) return { columns: spec.key, descending };
  if (columnOf(spec, query.orderBy).kind === 'json')
    throw new TypeError(`${query.orderBy} is JSON: it has no order`);
  const rest = spec.key.filter((column) => column !== query.orderBy);
  return { columns: [query.orderBy, ...rest], descending };
}

/** How many rows at most; null: all. */
export function limitOf(query: { readonly limit?: number } = {}): number | null {
  const { limit } = query;
  if (limit === undefined) return null;
  if (!Number.isSafeInteger(limit) || limit < 0) throw new TypeError(`no limit: ${limit}`);
  return limit;
}

/** Whether the row fulfils all conditions. */
export function fulfils(row: StoredRow, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    const value = row[condition.column] ?? null;
    if (condition.test === 'is') return value === condition.value;
    if (condition.test === 'in') return condition.values.includes(value);
    if (typeof value !== 'number') return false;
    return condition.test === 'gt' ? value > condition.value : value >= condition.value;
  });
}

/** The order of two rows as SQL has it: null first, numbers by size, text by its code points. */
export function compareRows(a: StoredRow, b: StoredRow, order: Order): number {
  for (const column of order.columns) {
    const difference = compareValues(a[column] ?? null, b[column] ?? null);
    if (difference !== 0) return order.descending ? -difference : difference;
  }
  return 0;
}

function compareValues(a: StoredValue, b: StoredValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareText(String(a), String(b));
}

/** By code points, not by UTF-16 units: they differ where one side alone has a surrogate pair. */
function compareText(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  if (at === a.length || at === b.length) return a.length - b.length;
  return (a.codePointAt(at) ?? 0) - (b.codePointAt(at) ?? 0);
}
