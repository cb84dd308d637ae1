import { tables, type TableName } from '../store/tables.ts';
import type { PlainRow } from './part-row.ts';

/**
 * Whether a chunk of rows starts at this one: the key says so, of about one in `every`, a power of two. Whatever is added
 * or deleted elsewhere, the boundaries stay where they are, so that a chunk whose rows did not change is the same object
 * as before.
 */
export function startsChunk(name: TableName, row: PlainRow, every: number): boolean {
  let hash = 0x811c9dc5;
  for (const column of tables[name].key as readonly string[]) {
    const text = `${String(row[column])}\n`;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // The low bits of FNV-1a alone are weak for keys that count up.
  return ((hash ^ (hash >>> 15)) & (every - 1)) === 0;
}

/** The number of a chunk, as it stands in its path. */
export function fourDigits(value: number): string {
  return value.toString().padStart(4, '0');
}
