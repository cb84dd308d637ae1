import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive, item } from '../../../test/conformance/store-rows.ts';
import type { Store } from '../../store/store.ts';
import { storedRow } from '../../store/stored-row.ts';
import { tables } from '../../store/tables.ts';
import { SqliteConnection } from './connection.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { insertRow } from './sql.ts';
import { openSqliteStore } from './sqlite-store.ts';

describe('the migrations', () => {
  let dir: string;
  const opened: Store[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-migrations-'));
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await rm(dir, { recursive: true });
  });

  const open = async (path: string, known = migrations) => {
    const store = await openSqliteStore({ path, backupsDir: join(dir, 'backups'), migrations: known });
    opened.push(store);
    return store;
  };
  const find = (store: Store, text: string) =>
    store.read(async (tx) => (await tx.search('context_items', { text })).map(({ key }) => key.join(' ')));

  /** A database of schema 1, as its program left it: two items, one of them cut. */
  async function databaseOfSchema1(): Promise<string> {
    const path = join(dir, 'state.db');
    await writeFile(path, '');
    const connection = new SqliteConnection(path);
    migrate(connection, {
      path,
      backupsDir: dir,
      migrations: migrations.slice(0, 1),
      backUp: () => undefined,
    });
    const { stub: _, ...piece } = storedRow(tables.archives, archive());
    const rows = [item({ seq: 1, text: 'the old parser', promptText: '[cut]' }), item({ seq: 2 })];
    for (const row of rows) {
      const sql = insertRow('context_items', storedRow(tables.context_items, row));
      connection.run(sql.text, sql.values);
    }
    const sql = insertRow('archives', piece);
    connection.run(sql.text, sql.values);
    connection.close();
    return path;
  }

  it('bring a database of schema 1 to the newest: its texts are found, its archived pieces are kept', async () => {
    const store = await open(await databaseOfSchema1());
    expect(store.schema).toBe(migrations.length);
    expect(store.backups()).toHaveLength(1);
    expect(await find(store, 'parser')).toEqual(['ada 1']);
    expect(await store.read((tx) => tx.list('archives'))).toEqual([archive()]);
    expect(await store.check()).toEqual([]);
  });

  it('leave backups in which the index still fits the rows', async () => {
    const store = await open(join(dir, 'state.db'));
    await store.write(async (tx) => {
      for (let seq = 1; seq <= 20; seq += 1)
        await tx.insert('context_items', item({ seq, text: `number${seq}` }));
      // Holes, so that rows would get other numbers if they were counted anew.
      await tx.delete('context_items', { seq: { in: [1, 2, 3, 7] } });
    });
    const later = {
      version: migrations.length + 1,
      sql: 'CREATE TABLE later (id TEXT NOT NULL PRIMARY KEY) STRICT',
    };
    const [backup] = (await open(join(dir, 'state.db'), [...migrations, later])).backups();
    const copy = await open(backup ?? '');
    expect(await find(copy, 'number20')).toEqual(['ada 20']);
    expect(await find(copy, 'number7')).toEqual([]);
  });
});
