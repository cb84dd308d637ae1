import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFailure } from '../../failure.ts';
import type { StoredValue } from '../../store/stored-row.ts';
import { SqliteConnection } from './connection.ts';
import { migrate, schemaOf } from './migrate.ts';

const one = { version: 1, sql: 'CREATE TABLE a (x TEXT) STRICT' };
const two = { version: 2, sql: "INSERT INTO a VALUES ('two')" };
const broken = { version: 3, sql: "INSERT INTO a VALUES ('three'); INSERT INTO nowhere VALUES (1)" };

describe('migrate', () => {
  let dir: string;
  let path: string;
  const opened: SqliteConnection[] = [];
  let backups: number[];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-migrate-'));
    path = join(dir, 'state.db');
    await writeFile(path, '');
    backups = [];
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) connection.close();
    await rm(dir, { recursive: true });
  });

  const connect = (connection = new SqliteConnection(path)) => {
    opened.push(connection);
    return connection;
  };
  const plan = (...migrations: (typeof one)[]) => ({
    path,
    backupsDir: dir,
    migrations,
    backUp: (version: number) => void backups.push(version),
  });
  const rows = (connection: SqliteConnection) => connection.all('SELECT x FROM a').map(({ x }) => x);

  it('takes a new database through all steps, and an old one through those that it lacks', () => {
    const connection = connect();
    expect(migrate(connection, plan(one))).toBe(1);
    expect(migrate(connection, plan(one, two))).toBe(2);
    expect(rows(connection)).toEqual(['two']);
    expect(schemaOf(connection)).toBe(2);
    expect(backups).toEqual([1]);
  });

  it('does nothing when run again', () => {
    const connection = connect();
    for (let run = 0; run < 3; run++) migrate(connection, plan(one, two));
    expect(rows(connection)).toEqual(['two']);
    expect(backups).toEqual([]);
  });

  it('does nothing when another process did all of it between the look and the lock', () => {
    migrate(connect(), plan(one));
    const connection = connect(new LateConnection(path, () => migrate(connect(), plan(one, two))));
    expect(migrate(connection, plan(one, two))).toBe(2);
    expect(rows(connection)).toEqual(['two']);
    expect(backups).toEqual([1]);
  });

  it('refuses a database that a newer program migrated between the look and the lock', () => {
    migrate(connect(), plan(one));
    const newer = { version: 9, sql: 'CREATE TABLE b (y TEXT) STRICT' };
    const connection = connect(new LateConnection(path, () => migrate(connect(), plan(one, newer))));
    const refused = (() => {
      try {
        return migrate(connection, plan(one, two));
      } catch (error) {
        return error;
      }
    })();
    expect(isFailure(refused) && refused.failure).toMatchObject({
      code: 'database-newer',
      found: 9,
      known: 2,
    });
    expect(rows(connection)).toEqual([]);
  });

  it('leaves the database as it was when a step fails, and the lock free', () => {
    const connection = connect();
    migrate(connection, plan(one));
    expect(() => migrate(connection, plan(one, two, broken))).toThrow('no such table');
    expect(schemaOf(connection)).toBe(1);
    expect(rows(connection)).toEqual([]);
    expect(migrate(connect(), plan(one, two))).toBe(2);
  });
});

/** A connection that gets the lock only after something else has happened. */
class LateConnection extends SqliteConnection {
  #before: (() => void) | undefined;

  constructor(path: string, before: () => void) {
    super(path);
    this.#before = before;
  }

  override run(sql: string, values: readonly StoredValue[] = []): number {
    const before = this.#before;
    if (sql === 'BEGIN IMMEDIATE' && before) {
      this.#before = undefined;
      before();
    }
    return super.run(sql, values);
  }
}
