import { CodeframeError } from '../failure.ts';
import type { StoredValue } from './stored-row.ts';
import type { TableName } from './tables.ts';

/** The failure of an insert whose key is taken: `already-exists`, with the table's noun and the key. */
export function rowTaken(table: TableName, key: readonly StoredValue[], cause?: unknown): CodeframeError {
  return new CodeframeError({ code: 'already-exists', kind: nounOf(table), id: key.join(' ') }, { cause });
}

function nounOf(table: TableName): string {
  return table.replace('_', ' ').replace(/s$/, '');
}
