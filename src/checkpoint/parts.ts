import type { ContextItemRow } from '../context/item.ts';
import { CodeframeError } from '../failure.ts';
import type { ReadTransaction } from '../store/store.ts';
import { tableNames, tables, type TableName, type Tables } from '../store/tables.ts';
import type { PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { ledgerParts, ledgerTables, readLedger, sortByKey, type LedgerLine } from './ledger-log.ts';
import { fourDigits, startsChunk } from './part-chunks.ts';
import { partName } from './part-name.ts';
import { decodeRow, encodeRow, type PlainRow } from './part-row.ts';

/** The tables that go back with a restore. */
export type StateTable =
  | 'agents'
  | 'homes'
  | 'worktrees'
  | 'tasks'
  | 'blockers'
  | 'steps'
  | 'context_items'
  | 'archives';

/** All rows of the tables that go back with a restore, each table in key order. */
export type StateRows = { readonly [Name in StateTable]: readonly Tables[Name][] };

/** All rows of all tables, each table in key order. */
export type AllRows = { readonly [Name in TableName]: readonly Tables[Name][] };

/** The tables of `StateRows`, in an order in which rows can be loaded. */
export const stateTables = tableNames.filter((name): name is StateTable => tables[name].part === 'state');

/** Every row of the project, of one instant. The rows of a table that is as it was `before` are the very same ones. */
export async function readRows(tx: ReadTransaction, before?: ReadTables): Promise<ReadTables> {
  const rows: Partial<Record<TableName, readonly unknown[]>> = {};
  const stamps = new Map<TableName, string | undefined>();
  for (const name of tableNames) {
    const stamp = tx.stamp(name);
    stamps.set(name, stamp);
    const isSame = stamp !== undefined && before?.stamps.get(name) === stamp;
    rows[name] = isSame ? before.rows[name] : await tx.list(name);
  }
  return { rows: rows as AllRows, stamps };
}

/** What was read, to be compared with later. */
export interface ReadTables {
  readonly rows: AllRows;
  /** See `ReadTransaction.stamp`. */
  readonly stamps: ReadonlyMap<TableName, string | undefined>;
}

/** How many rows of each table there are. */
export function rowCounts(rows: AllRows): Readonly<Record<string, number>> {
  return Object.fromEntries(tableNames.map((name) => [name, rows[name].length]));
}

/** `state/<table>/NNNN.ndjson`, `context/<agent>/NNNN/<item id>` and the ledger of these rows. */
export function* partsFromRows(rows: AllRows): Generator<PartDraft> {
  for (const name of stateTables) {
    const table = rows[name] as readonly unknown[] as readonly PlainRow[];
    yield* known(table, () => [...tableParts(name, table)]);
  }
  yield* known(itemTexts(rows), () => [...itemParts(rows.context_items)]);
  yield* ledgerParts(rows);
}

/** The parts of rows that were read once and have not changed, by the array that they are in. */
const parts = new WeakMap<object, readonly PartDraft[]>();
/** Those of larger tables are not kept: they would be in memory twice. */
const keptBytesMax = 8 * 1024 * 1024;

function known(rows: object, make: () => readonly PartDraft[]): readonly PartDraft[] {
  const before = parts.get(rows);
  if (before !== undefined) return before;
  const made = make();
  if (made.reduce((sum, { bytes }) => sum + bytes.length, 0) <= keptBytesMax) parts.set(rows, made);
  return made;
}

/** Stands for the texts of the items, as their rows do for the rest. */
function itemTexts({ context_items: items }: AllRows): object {
  const found = texts.get(items) ?? {};
  texts.set(items, found);
  return found;
}

const texts = new WeakMap<object, object>();

function* itemParts(items: readonly ContextItemRow[]): Generator<PartDraft> {
  for (const item of items) {
    if (!hasLoneSurrogate(item.text)) yield { path: itemPath(item), bytes: Buffer.from(item.text, 'utf8') };
  }
}

/**
 * The way back: the rows that rewind, as they were. Throws `corrupt-checkpoint` with the part in which a line is no
 * row of its table, or from which an item's text is missing.
 */
export async function rowsFromParts(stored: StoredCheckpoint): Promise<StateRows> {
  const rows: Partial<Record<StateTable, readonly unknown[]>> = {};
  for (const name of stateTables) rows[name] = await tableRows(stored, name);
  return rows as StateRows;
}

/** As `rowsFromParts`, with the rows that never rewind: for a store that has none of the project's. */
export async function allRowsFromParts(stored: StoredCheckpoint): Promise<AllRows> {
  const rows: Partial<Record<TableName, readonly unknown[]>> = {};
  for (const name of stateTables) rows[name] = await tableRows(stored, name);
  const log = hasLog(stored) ? await readLedger(stored) : undefined;
  for (const name of ledgerTables) {
    rows[name] =
      log === undefined ? await tableRows(stored, name) : await logRows(stored, name, log.get(name));
  }
  return rows as AllRows;
}

/** Before version 2 a table of the ledger was kept as those of the state are. */
function hasLog({ manifest }: StoredCheckpoint): boolean {
  return manifest.version >= 2;
}

/** Of so many rows about one starts a chunk. */
const chunkRows = 256;

function* tableParts(name: TableName, rows: readonly PlainRow[]): Generator<PartDraft> {
  let chunk = 0;
  let lines: string[] = [];
  for (const row of rows) {
    if (lines.length > 0 && startsChunk(name, row, chunkRows)) {
      yield chunkPart(name, chunk++, lines);
      lines = [];
    }
    const elsewhere = name === 'context_items' && !hasLoneSurrogate(String(row['text']));
    lines.push(encodeRow(name, row, elsewhere ? 'text' : undefined));
  }
  if (lines.length > 0) yield chunkPart(name, chunk, lines);
}

function chunkPart(name: TableName, chunk: number, lines: readonly string[]): PartDraft {
  return {
    path: `${chunkPrefix(name)}${fourDigits(chunk)}.ndjson`,
    bytes: Buffer.from(`${lines.join('\n')}\n`),
  };
}

function chunkPrefix(name: TableName): string {
  return `${tables[name].part}/${name}/`;
}

/** In directories of 256, so that one more item does not rewrite a tree of all items. */
function itemPath(item: Pick<ContextItemRow, 'agent' | 'seq' | 'id'>): string {
  return `context/${partName(item.agent)}/${fourDigits(Math.floor(item.seq / 256))}/${partName(item.id)}`;
}

/** Such text is no UTF-8: it stays in its row's JSON, which escapes it. */
function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

async function tableRows(stored: StoredCheckpoint, name: TableName): Promise<readonly PlainRow[]> {
  const rows: PlainRow[] = [];
  const paths = await stored.partPaths(chunkPrefix(name));
  for (const path of paths.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const lines = Buffer.from(await stored.part(path))
      .toString('utf8')
      .split('\n');
    const asked = lines.filter((line) => line !== '').map((line) => rowOfLine(stored, name, { path, line }));
    rows.push(...(await Promise.all(asked)));
  }
  return counted(stored, name, { rows, part: chunkPrefix(name) });
}

async function logRows(
  stored: StoredCheckpoint,
  name: TableName,
  lines: readonly LedgerLine[] = [],
): Promise<readonly PlainRow[]> {
  const rows = await Promise.all(lines.map((at) => rowOfLine(stored, name, at)));
  return counted(stored, name, { rows: sortByKey(name, rows), part: 'ledger/' });
}

function counted(
  stored: StoredCheckpoint,
  name: TableName,
  { rows, part }: { readonly rows: readonly PlainRow[]; readonly part: string },
): readonly PlainRow[] {
  const count = stored.manifest.counts[name];
  if (count === undefined || count === rows.length) return rows;
  const problem = `there are ${rows.length} rows of ${name} and not the ${count} that the manifest counts`;
  throw new CodeframeError({ code: 'corrupt-checkpoint', id: stored.id, part, problem });
}

/** The schema that brought the stubs of archived pieces, and what a row from before it is taken to say. */
const stubSchema = 2;
const beforeStubs: { readonly [Name in TableName]?: PlainRow } = { archives: { stub: null } };

/** A column that the ledger got later, and that may be null, is null in the rows of before. */
function noneGiven(name: TableName): PlainRow {
  if (tables[name].part === 'state') return {};
  const nullable = Object.entries(tables[name].columns).filter(([, kind]) => kind.endsWith('?'));
  return Object.fromEntries(nullable.map(([column]) => [column, null]));
}

async function rowOfLine(
  stored: StoredCheckpoint,
  name: TableName,
  at: { readonly path: string; readonly line: string },
): Promise<PlainRow> {
  const awaitsText = name === 'context_items';
  const given = { ...noneGiven(name), ...(stored.manifest.schema < stubSchema ? beforeStubs[name] : {}) };
  const decoded = decodeRow(name, at.line, awaitsText ? { text: '' } : given);
  if ('problem' in decoded) {
    throw new CodeframeError({
      code: 'corrupt-checkpoint',
      id: stored.id,
      part: at.path,
      problem: decoded.problem,
    });
  }
  if (!awaitsText || decoded.row['text'] !== '') return decoded.row;
  const path = itemPath(decoded.row as unknown as ContextItemRow);
  return { ...decoded.row, text: Buffer.from(await stored.part(path)).toString('utf8') };
}
