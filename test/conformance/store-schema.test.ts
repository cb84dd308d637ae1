import type Database from 'better-sqlite3';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../src/adapters/store-sqlite/driver.ts';
import { newestSchema, openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { columnSql } from '../../src/adapters/store-sqlite/sql.ts';
import { tableNames, tables } from '../../src/store/tables.ts';

/** Types in SQL; a boolean is 0 or 1, JSON is text. */
const sqlTypes = { text: 'TEXT', integer: 'INTEGER', real: 'REAL', boolean: 'INTEGER', json: 'TEXT' };

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

describe('the schema that the migrations make', () => {
  let dir: string;
  let database: Database.Database;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-schema-'));
    const path = join(dir, 'state.db');
    await (await openSqliteStore({ path, backupsDir: join(dir, 'backups') })).close();
    database = new (sqliteDriver())(path, { readonly: true });
  });
  afterAll(async () => {
    database.close();
    await rm(dir, { recursive: true });
  });

  it('has the newest number', () => {
    expect(database.pragma('user_version', { simple: true })).toBe(newestSchema);
  });

  it('has the tables of tables.ts and no others', () => {
    const found = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    // The full text index is SQLite's own: one virtual table and what it keeps.
    const indexes = /^context_items_words(_data|_idx|_docsize|_config)?$/;
    const rows = found.filter((name) => !indexes.test(String(name)));
    expect(new Set(rows)).toEqual(new Set(tableNames));
  });

  it.each(tableNames)('gives %s the columns, kinds, nulls and key of tables.ts', (table) => {
    const spec = tables[table];
    const found = database.pragma(`table_info(${table})`) as readonly ColumnRow[];
    const expected = Object.entries<string>(spec.columns).map(([column, written]) => ({
      name: columnSql(column).slice(1, -1),
      type: sqlTypes[written.replace('?', '') as keyof typeof sqlTypes],
      notnull: written.endsWith('?') ? 0 : 1,
      pk: spec.key.findIndex((key) => key === column) + 1,
    }));
    expect(found.map(({ name, type, notnull, pk }) => ({ name, type, notnull, pk }))).toEqual(expected);
  });

  it('lets no column take a value of another type', () => {
    const strict = database.pragma('table_list') as readonly {
      name: string;
      strict: number;
      schema: string;
    }[];
    for (const table of tableNames)
      expect(strict.find(({ name, schema }) => name === table && schema === 'main')?.strict).toBe(1);
  });
});
