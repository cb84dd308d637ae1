import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../src/adapters/store-sqlite/driver.ts';
import { openSqliteStore, type SqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { isFailure } from '../../src/failure.ts';
import { lease, task } from '../conformance/store-rows.ts';
import { startStoreProgram, type StoreChild } from './store-children.ts';
import { newestMigrations, twoMigrations } from './store-migrations.ts';

const newest = newestMigrations.length;

describe('several processes on one database', () => {
  let dir: string;
  const stores: SqliteStore[] = [];
  const children: StoreChild[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-processes-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
    for (const store of stores.splice(0)) await store.close();
    await rm(dir, { recursive: true });
  });

  const start = async (what: string, argument = '') => {
    const child = await startStoreProgram(what, dir, argument);
    children.push(child);
    return child;
  };
  const open = async (options: { busyMs?: number; migrations?: typeof newestMigrations } = {}) => {
    const store = await openSqliteStore({
      path: join(dir, 'state.db'),
      backupsDir: join(dir, 'backups'),
      ...options,
    });
    stores.push(store);
    return store;
  };
  /** Eight that open at the same moment; answers the schemas and the numbers that they got. */
  const openEight = async (argument: string) => {
    const eight = await Promise.all(Array.from({ length: 8 }, () => start('open-when-told', argument)));
    for (const child of eight) expect(await child.line()).toBe('ready');
    for (const child of eight) child.tell();
    const said = await Promise.all(eight.map((child) => child.line()));
    for (const child of eight) expect((await child.ended).code).toBe(0);
    return said.toSorted((a, b) => a.localeCompare(b));
  };

  it('make a new one at once: all work, and its schema is made once', async () => {
    expect(await openEight('')).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((number) => `${newest} ${number}`));
    const store = await open();
    expect(await store.check()).toEqual([]);
    expect(store.backups()).toEqual([]);
  });

  it('migrate an old one at once: all work, and it is migrated and backed up once', async () => {
    const old = await open();
    await old.write((tx) => tx.insert('tasks', task()));
    await old.close();
    expect(await openEight('two')).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((each) => `${newest + 1} ${each}`));
    const store = await open({ migrations: twoMigrations });
    expect(await store.read((tx) => tx.list('tasks'))).toEqual([task({ title: 'a task (2)' })]);
    const [backup = '', ...others] = store.backups();
    expect(others).toEqual([]);
    const saved = new (sqliteDriver())(backup, { readonly: true });
    expect(saved.pragma('user_version', { simple: true })).toBe(newest);
    expect(saved.prepare('SELECT title FROM tasks').pluck().all()).toEqual(['a task']);
    saved.close();
  });

  it('count on from each other without a number lost', async () => {
    const four = await Promise.all(Array.from({ length: 4 }, () => start('count', '100')));
    for (const child of four) await child.line();
    for (const child of four) child.tell();
    for (const child of four) expect(await child.line()).toBe('done');
    const store = await open();
    expect(await store.read((tx) => tx.get('counters', 'n'))).toEqual({ name: 'n', value: 400 });
  });

  it('are told that it is busy while one that holds the write lock is stopped, and read on', async () => {
    const store = await open({ busyMs: 200 });
    const holder = await start('hold-lock');
    expect(await holder.line()).toBe('holding 1');
    const writes = [1, 2, 3].map(() =>
      store.write((tx) => tx.nextNumber('n')).catch((error: unknown) => error),
    );
    for (const refused of await Promise.all(writes)) {
      if (!isFailure(refused) || refused.failure.code !== 'database-busy') throw refused;
      expect(refused.failure.path).toBe(join(dir, 'state.db'));
      expect(refused.failure.waitedMs).toBeGreaterThanOrEqual(200);
    }
    expect(await store.read((tx) => tx.list('counters'))).toEqual([]);
    const late = await open({ busyMs: 200 });
    expect(await late.read((tx) => tx.list('counters'))).toEqual([]);
    await holder.goOn();
    expect(await holder.line()).toBe('committed');
    expect(await store.write((tx) => tx.nextNumber('n'))).toBe(1);
    expect(await late.read((tx) => tx.get('counters', 'held'))).toEqual({ name: 'held', value: 1 });
  });

  it('write as soon as the one that held the lock is killed, and nothing of it is there', async () => {
    const store = await open({ busyMs: 60_000 });
    const holder = await start('hold-lock');
    await holder.line();
    const write = store.write((tx) => tx.nextNumber('n'));
    holder.kill('SIGKILL');
    expect(await write).toBe(1);
    expect(await store.read((tx) => tx.list('counters'))).toEqual([{ name: 'n', value: 1 }]);
  });

  it('are told that it is busy while one that migrates it is stopped', async () => {
    await (await open()).write((tx) => tx.insert('tasks', task()));
    const migrating = await start('hold-migration');
    expect(await migrating.line()).toBe('migrating');
    const refused = await open({ busyMs: 200, migrations: twoMigrations }).catch((error: unknown) => error);
    expect(isFailure(refused, 'database-busy')).toBe(true);
    await migrating.goOn();
    expect(await migrating.line()).toBe(`${newest + 1}`);
    const store = await open({ migrations: twoMigrations });
    expect(await store.read((tx) => tx.count('tasks'))).toBe(1);
  });

  it('are refused when a newer program has migrated it under them', async () => {
    const old = await open();
    await old.write((tx) => tx.insert('tasks', task()));
    const newer = await start('open-when-told', 'two');
    await newer.line();
    newer.tell();
    expect(await newer.line()).toBe(`${newest + 1} 1`);
    for (const attempt of [old.write((tx) => tx.nextNumber('n')), old.read((tx) => tx.list('tasks'))]) {
      const refused = await attempt.catch((error: unknown) => error);
      expect(isFailure(refused) && refused.failure).toMatchObject({
        code: 'database-newer',
        found: newest + 1,
      });
    }
  });

  it('refuse a stopped owner once another took over: not one of its writes is taken', async () => {
    const store = await open();
    await store.write((tx) => tx.insert('leases', lease({ ownerId: 'o1', epoch: 1 })));
    const first = await start('owner');
    expect(await first.line()).toBe('stopping');
    await store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: 'o2', epoch: 2 } }));
    const before = await store.read((tx) => tx.get('counters', 'owner'));
    await first.goOn();
    expect(await first.line()).toBe('stale-owner after 21');
    expect(await store.read((tx) => tx.get('counters', 'owner'))).toEqual(before);
  });
});
