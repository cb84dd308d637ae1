import type { Database } from 'better-sqlite3';
import { sqliteDriver } from './driver.ts';

/**
 * Changes every text in anybody's SQLite database that nobody else has open, whatever its schema; nothing of what stood
 * there before is left in the file. Blobs and full-text indexes stay as they are.
 */
export function changeTexts(file: string, change: (text: string) => string): void {
  const Database = sqliteDriver();
  const database = new Database(file, { fileMustExist: true });
  try {
    // A text that refers to another one is changed as that one is.
    database.pragma('foreign_keys = OFF');
    const changed = database.transaction(() =>
      tablesOf(database).reduce((sum, table) => sum + changeTable(database, table, change), 0),
    )();
    if (changed > 0) database.exec('VACUUM');
  } finally {
    database.close();
  }
}

interface Table {
  readonly name: string;
  /** What names a row. */
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

function tablesOf(database: Database): readonly Table[] {
  const tables = database
    .prepare(
      "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
    )
    .all() as { name: string; wr: number }[];
  return tables.map(({ name, wr }) => {
    const columns = database
      .prepare('SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden = 0')
      .all(name) as { name: string; pk: number }[];
    const primary = columns.filter(({ pk }) => pk > 0).map((column) => column.name);
    return {
      name,
      key: wr === 1 ? primary : ['_rowid_'],
      columns: columns.map((column) => column.name),
    };
  });
}

function changeTable(database: Database, table: Table, change: (text: string) => string): number {
  const { name, key, columns } = table;
  let count = 0;
  for (const column of columns) {
    const rows = database
      .prepare(
        `SELECT ${quote(column)}, ${key.map(quote).join(', ')} FROM ${quote(name)} WHERE typeof(${quote(column)}) = 'text'`,
      )
      .raw()
      .safeIntegers()
      .all() as [string, ...unknown[]][];
    const update = database.prepare(
      `UPDATE ${quote(name)} SET ${quote(column)} = ? WHERE ${key.map((one) => `${quote(one)} = ?`).join(' AND ')}`,
    );
    for (const [text, ...row] of rows) {
      const changed = change(text);
      if (changed !== text) count += update.run(changed, ...row).changes;
    }
  }
  return count;
}

function quote(name: string): string {
  return name === '_rowid_' ? name : `"${name.replaceAll('"', '""')}"`;
}
