import { CodeframeError } from '../failure.ts';
import { tableNames, tables, type TableName, type Tables } from '../store/tables.ts';
import type { PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { fourDigits, startsChunk } from './part-chunks.ts';
import { encodeRow, type PlainRow } from './part-row.ts';

/*
 * The ledger of a checkpoint: one log of the rows of all its tables, a line a row: `{"events":{"seq":1,…}}`.
 * What was written down at a time comes first, in the order of time, so that what is new comes at the end. It is cut into
 * chunks, which are the same objects in every later checkpoint; what is behind the last of them is in the one part that
 * changes. Every checkpoint adds some rows, and a table of its own for each of them, in a directory of its own, took four
 * times as much of a packed store.
 */

/** When a row was written down, of the tables that grow. A row of the others may change at any time: it comes last. */
const times = {
  costs: 'at',
  pauses: 'requestedAt',
  checkpoints: 'createdAt',
  checkpoint_requests: 'requestedAt',
  restores: 'startedAt',
  events: 'at',
} as const satisfies { readonly [Name in TableName]?: keyof Tables[Name] };

/** Of so many rows about one starts a chunk: the fewer, the less is written again each time, and the more is listed. */
const chunkRows = 64;
const directoryChunks = 256;

/** The tables whose rows never rewind. */
export const ledgerTables = tableNames.filter((name) => tables[name].part === 'ledger');

/** What the paths of the ledger's parts start with. */
export const ledgerPrefixes = ['ledger/', 'ledger.'] as const;

/** Whether a part, or a group of parts of the manifest, belongs to the ledger. */
export function isLedgerPart(path: string): boolean {
  return ledgerPrefixes.some((prefix) => path.startsWith(prefix));
}

/** `ledger/NNNN/NNNN.ndjson` of what is full, and `ledger.NNNN.ndjson` of the rest. */
export function ledgerParts(
  rows: Readonly<Partial<Record<TableName, readonly unknown[]>>>,
): readonly PartDraft[] {
  const lines = ledgerTables.flatMap((name) => linesOf(name, (rows[name] ?? []) as readonly PlainRow[]));
  lines.sort((a, b) => a.at - b.at);
  const chunks: string[][] = [];
  for (const { text, starts } of lines) {
    if (starts || chunks.length === 0) chunks.push([]);
    chunks.at(-1)?.push(text);
  }
  return chunks.map((chunk, n) => ({
    path: n === chunks.length - 1 ? newestPath(n) : fullPath(n),
    bytes: Buffer.from(chunk.join(''), 'utf8'),
  }));
}

/** Named by how many are before it: git looks for what is like it among those of the same name. */
function newestPath(n: number): string {
  return `ledger.${fourDigits(n)}.ndjson`;
}

function fullPath(n: number): string {
  return `ledger/${fourDigits(Math.floor(n / directoryChunks))}/${fourDigits(n)}.ndjson`;
}

interface Line {
  /** Infinity for what has no time. */
  readonly at: number;
  readonly starts: boolean;
  readonly text: string;
}

function linesOf(name: TableName, rows: readonly PlainRow[]): readonly Line[] {
  const known = lines.get(rows);
  if (known !== undefined) return known;
  const time = (times as Readonly<Partial<Record<TableName, string>>>)[name];
  const made = rows.map((row) => ({
    at: time === undefined ? Infinity : Number(row[time]),
    starts: time !== undefined && startsChunk(name, row, chunkRows),
    text: `{"${name}":${encodeRow(name, row)}}\n`,
  }));
  if (rows.length <= keptRowsMax) lines.set(rows, made);
  return made;
}

/** Those of tables that were read once and have not changed; of larger ones they would be in memory twice. */
const lines = new WeakMap<readonly PlainRow[], readonly Line[]>();
const keptRowsMax = 20_000;

/** A row that stands in a part, not yet parsed. */
export interface LedgerLine {
  readonly path: string;
  readonly line: string;
}

/** The way back: each table's lines. Throws `corrupt-checkpoint` with the part in which a line is of no table. */
export async function readLedger(
  stored: StoredCheckpoint,
): Promise<ReadonlyMap<TableName, readonly LedgerLine[]>> {
  const found = new Map<TableName, LedgerLine[]>(ledgerTables.map((name) => [name, []]));
  const paths = await Promise.all(ledgerPrefixes.map((prefix) => stored.partPaths(prefix)));
  for (const path of paths.flat()) {
    const text = Buffer.from(await stored.part(path)).toString('utf8');
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const [, name = '', row = ''] = /^\{"(\w+)":(\{.*\})\}$/s.exec(line) ?? [];
      const table = found.get(name as TableName);
      if (table === undefined) throw noLine(stored, path);
      table.push({ path, line: row });
    }
  }
  return found;
}

/** In the order of the table's key, as rows are listed. */
export function sortByKey(name: TableName, rows: readonly PlainRow[]): readonly PlainRow[] {
  const columns = tables[name].key as readonly string[];
  return rows.toSorted((a, b) => {
    for (const column of columns) {
      const order = compare(a[column], b[column]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : Number(String(a) > String(b));
}

function noLine({ id }: StoredCheckpoint, part: string): CodeframeError {
  return new CodeframeError({
    code: 'corrupt-checkpoint',
    id,
    part,
    problem: 'a line is no row of the ledger',
  });
}
