import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDriver } from '../../src/adapters/store-sqlite/driver.ts';
import {
  openSqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { event, task } from '../conformance/store-rows.ts';
import { startStoreProgram } from './store-children.ts';
import { failingMigrations, newestMigrations, twoMigrations } from './store-migrations.ts';
import { failureOf } from '../rig/failure-of.ts';

const newest = newestMigrations.length;
const mayMount = tryMount();

let dir: string;
let path: string;
const stores: SqliteStore[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'codeframe-damage-'));
  path = join(dir, 'state.db');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await rm(dir, { recursive: true });
});

async function open(options: Partial<SqliteStoreOptions> = {}): Promise<SqliteStore> {
  const store = await openSqliteStore({ path, backupsDir: join(dir, 'backups'), ...options });
  stores.push(store);
  return store;
}

async function close(store: SqliteStore): Promise<void> {
  await store.close();
}

/** A closed database with 200 tasks. */
async function makeDatabase(): Promise<void> {
  const store = await open();
  await store.write(async (tx) => {
    for (let id = 1; id <= 200; id++) await tx.insert('tasks', task({ id, details: 'x'.repeat(2_000) }));
  });
  await close(store);
}

/** Opens it and reads all of it, as the first commands after a damage do. */
async function readAll(): Promise<unknown> {
  const store = await openSqliteStore({ path, backupsDir: join(dir, 'backups') });
  try {
    return await store.read(async (tx) => [await tx.list('tasks'), await tx.list('events')]);
  } finally {
    await store.close();
  }
}

function fingerprint(file = path): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function overwrite(at: number, bytes: Buffer): void {
  const all = readFileSync(path);
  bytes.copy(all, at);
  writeFileSync(path, all);
}

const noise = (length: number) => createHash('shake256', { outputLength: length }).update('noise').digest();

describe('a damaged database', () => {
  it.each<[string, () => void]>([
    ['whose header is noise', () => overwrite(0, noise(100))],
    ['whose magic string is another', () => overwrite(0, Buffer.from('SQLite format 4\0'))],
    ['that is noise all through', () => writeFileSync(path, noise(40_000))],
    ['that is a line of text', () => writeFileSync(path, 'hello')],
    ['whose middle is noise', () => overwrite(4_096, noise(statSync(path).size - 8_192))],
    ['that lost its second half', () => truncateSync(path, 4_096 * Math.floor(statSync(path).size / 8_192))],
    ['that was cut within a page', () => truncateSync(path, statSync(path).size - 1_000)],
    ['of which the header is left', () => truncateSync(path, 100)],
    ['whose page of tables is zeros', () => overwrite(100, Buffer.alloc(3_996))],
  ])('%s is refused as corrupt, and not a byte of it changes', async (_, damage) => {
    await makeDatabase();
    damage();
    const before = fingerprint();
    const failure = await failureOf(readAll());
    expect(failure).toMatchObject({ code: 'corrupt-database', path, backups: [] });
    expect(fingerprint()).toBe(before);
    expect(readdirSync(dir).filter((name) => !name.startsWith('state.db'))).toEqual([]);
  });

  it('that lost less than a page is refused when it is opened: its last text would read as zeros', async () => {
    await makeDatabase();
    truncateSync(path, statSync(path).size - 1);
    expect(await failureOf(open())).toMatchObject({
      code: 'corrupt-database',
      problem: 'the file ends within a page',
    });
  });

  it('whose JSON is none is refused when it is read', async () => {
    await makeDatabase();
    const raw = new (sqliteDriver())(path);
    raw.exec("UPDATE tasks SET state = '{' WHERE id = 7");
    raw.close();
    expect(await failureOf(readAll())).toMatchObject({
      code: 'corrupt-database',
      problem: 'the JSON in column state cannot be read',
    });
  });

  it('names the backups that there are, newest first', async () => {
    await makeDatabase();
    await close(await open({ migrations: twoMigrations, now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) }));
    writeFileSync(path, noise(40_000));
    expect(await failureOf(open())).toMatchObject({
      code: 'corrupt-database',
      backups: [join(dir, 'backups', `state-20260102T030405006Z-v${newest}.db`)],
    });
  });

  it('is refused when it is another program’s', async () => {
    const other = new (sqliteDriver())(path);
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    const before = fingerprint();
    const failure = await failureOf(open());
    expect(failure).toMatchObject({ code: 'corrupt-database' });
    expect(failure).toHaveProperty('problem', expect.stringContaining('theirs'));
    const again = new (sqliteDriver())(path, { readonly: true });
    expect(again.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['theirs']);
    again.close();
    expect(fingerprint()).toBe(before);
  });

  it('is refused when a table is missing', async () => {
    await makeDatabase();
    const raw = new (sqliteDriver())(path);
    raw.exec('DROP TABLE events');
    raw.close();
    expect(await failureOf(open())).toMatchObject({
      code: 'corrupt-database',
      problem: 'the table events is missing',
    });
  });

  it('is refused, not made anew, when it must be there', async () => {
    expect(await failureOf(open({ create: false }))).toMatchObject({
      code: 'corrupt-database',
      problem: 'the file is missing',
    });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    expect(await failureOf(open({ create: false }))).toMatchObject({ problem: 'the file is empty' });
    expect(statSync(path).size).toBe(0);
  });

  it('is found by the check', async () => {
    await makeDatabase();
    const raw = new (sqliteDriver())(path);
    const page = Number(
      raw.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'steps_by_id'").pluck().get(),
    );
    raw.close();
    overwrite((page - 1) * 4_096, noise(4_096));
    const store = await open();
    expect((await store.check()).length).toBeGreaterThan(0);
  });
});

describe('a database of a newer program', () => {
  const known = { code: 'database-newer', found: 999, known: newest };

  it('is refused, and not a byte of it changes', async () => {
    await makeDatabase();
    const raw = new (sqliteDriver())(path);
    raw.pragma('user_version = 999');
    raw.close();
    const before = fingerprint();
    expect(await failureOf(open())).toEqual({ ...known, path });
    expect(await failureOf(open({ create: false }))).toEqual({ ...known, path });
    expect(fingerprint()).toBe(before);
    expect(existsSync(join(dir, 'backups'))).toBe(false);
  });

  it('is refused with its log unwritten: neither file changes', async () => {
    const child = await startStoreProgram('write-on', dir);
    for (let line = ''; line !== '3';) line = await child.line();
    child.kill('SIGKILL');
    await child.ended;
    // The newer program died before it wrote its log back.
    await copyFile(path, `${path}.copy`);
    await copyFile(`${path}-wal`, `${path}.copy-wal`);
    const raw = new (sqliteDriver())(`${path}.copy`);
    raw.pragma('user_version = 999');
    await copyFile(`${path}.copy`, path);
    await copyFile(`${path}.copy-wal`, `${path}-wal`);
    raw.close();
    await rm(`${path}-shm`, { force: true });
    const before = [fingerprint(), fingerprint(`${path}-wal`)];
    expect(await failureOf(open())).toEqual({ ...known, path });
    expect([fingerprint(), fingerprint(`${path}-wal`)]).toEqual(before);
  });
});

describe('a migration', () => {
  it('that fails leaves the database as it was, for the program of before', async () => {
    await makeDatabase();
    await expect(open({ migrations: failingMigrations })).rejects.toThrow('no such table');
    const store = await open();
    expect(store.schema).toBe(newest);
    expect(await store.read((tx) => tx.count('tasks', { title: 'a task' }))).toBe(200);
    await store.write((tx) => tx.insert('tasks', task({ id: 999 })));
  });

  it('that fails can be tried again', async () => {
    await makeDatabase();
    await expect(open({ migrations: failingMigrations })).rejects.toThrow();
    const store = await open({ migrations: twoMigrations });
    expect(store.schema).toBe(newest + 1);
    expect(await store.read((tx) => tx.count('tasks', { title: 'a task (2)' }))).toBe(200);
  });

  it('keeps the newest five backups, and always the one just made', async () => {
    for (let year = 2020; year < 2028; year++) {
      await makeDatabase();
      await close(await open({ migrations: twoMigrations, now: () => Date.UTC(year, 0) }));
      for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix, { force: true });
    }
    await makeDatabase();
    const store = await open({ migrations: twoMigrations, now: () => Date.UTC(1999, 0) });
    expect(store.backups().map((backup) => /state-(\d{4})/.exec(backup)?.[1])).toEqual([
      '2027',
      '2026',
      '2025',
      '2024',
      '1999',
    ]);
    expect(statSync(store.backups()[0] ?? '').mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'backups')).mode & 0o777).toBe(0o700);
  });

  it('clears away what a killed backup left', async () => {
    await makeDatabase();
    const backupsDir = join(dir, 'backups');
    mkdirSync(backupsDir);
    const left = `state-20200101T000000000Z-v${newest}.db.partial`;
    for (const name of [left, `${left}-journal`]) writeFileSync(join(backupsDir, name), 'half');
    const store = await open({ migrations: twoMigrations });
    expect(readdirSync(backupsDir).map((name) => join(backupsDir, name))).toEqual(store.backups());
    expect(store.backups()).toHaveLength(1);
  });

  it('of a new database makes no backup', async () => {
    await open();
    expect(existsSync(join(dir, 'backups'))).toBe(false);
  });
});

describe('files beside a database', () => {
  it('are for their owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      path = join(dir, 'deep', 'er', 'state.db');
      const store = await open();
      await store.write((tx) => tx.append(event('e1')));
      for (const suffix of ['', '-wal', '-shm']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
      expect(statSync(join(dir, 'deep')).mode & 0o777).toBe(0o700);
      expect(statSync(join(dir, 'deep', 'er')).mode & 0o777).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });

  it('are made private when they were not', async () => {
    await makeDatabase();
    chmodSync(path, 0o644);
    await open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that a killed process left are taken up', async () => {
    const child = await startStoreProgram('write-on', dir);
    for (let line = ''; line !== '4';) line = await child.line();
    child.kill('SIGKILL');
    await child.ended;
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    const store = await open();
    expect(await store.read((tx) => tx.count('tasks'))).toBeGreaterThanOrEqual(4);
  });

  it('that its maker left, killed at the first write, are taken back', async () => {
    const maker = await startStoreProgram('first-write', dir);
    expect((await maker.ended).signal).toBe('SIGKILL');
    expect(statSync(`${path}-journal`).size).toBeGreaterThan(0);
    expect(statSync(path).size).toBeGreaterThan(0);
    const store = await open();
    expect(await store.check()).toEqual([]);
    expect(await store.read((tx) => tx.count('tasks'))).toBe(0);
  });

  it('of another database do not get into a new one', async () => {
    await leaveLog();
    await rm(path);
    const store = await open();
    expect(await store.read((tx) => tx.count('tasks'))).toBe(0);
    await store.write((tx) => tx.insert('tasks', task()));
    expect(await store.check()).toEqual([]);
  });

  it('that are noise do not crash it', async () => {
    await makeDatabase();
    writeFileSync(`${path}-wal`, noise(10_000));
    writeFileSync(`${path}-shm`, noise(32_768));
    const store = await open();
    expect(await store.read((tx) => tx.count('tasks'))).toBe(200);
    expect(await store.check()).toEqual([]);
  });

  /** A database and a log that was not written back. */
  async function leaveLog(): Promise<void> {
    const child = await startStoreProgram('write-on', dir);
    for (let line = ''; line !== '4';) line = await child.line();
    child.kill('SIGKILL');
    await child.ended;
  }
});

describe('a database whose file goes away', () => {
  it.each<[string, () => Promise<void>]>([
    ['deleted', () => rm(path)],
    [
      'replaced',
      async () => {
        await copyFile(path, `${path}.new`);
        await rename(`${path}.new`, path);
      },
    ],
  ])('takes no write once it was %s: it would be lost', async (how, takeAway) => {
    const store = await open();
    await store.write((tx) => tx.insert('tasks', task()));
    await takeAway();
    expect(await failureOf(store.write((tx) => tx.nextNumber('n')))).toEqual({
      code: 'input-output',
      path,
      doing: 'write the database',
      problem: `the file was ${how} while it was open`,
    });
  });
});

describe('a place where a database cannot be', () => {
  it('below a file is named', async () => {
    writeFileSync(join(dir, 'file'), '');
    path = join(dir, 'file', 'state.db');
    expect(await failureOf(open())).toMatchObject({ code: 'input-output', path });
  });

  it('that is a directory is named', async () => {
    mkdirSync(path);
    expect(await failureOf(open())).toMatchObject({ path });
  });

  it.skipIf(!mayMount)(
    'on a file system that is read-only is no permission (needs the right to mount)',
    async () => {
      await makeDatabase();
      await onFileSystem('size=1m', async (mounted) => {
        await copyFile(path, join(mounted, 'state.db'));
        asRoot('mount', '-o', 'remount,ro', mounted);
        path = join(mounted, 'state.db');
        expect(await failureOf(open())).toMatchObject({ code: 'no-permission', path });
        path = join(mounted, 'new', 'state.db');
        expect(await failureOf(open())).toMatchObject({ code: 'no-permission', path });
      });
    },
  );
});

describe.skipIf(!mayMount)('on a full disk (needs the right to mount)', () => {
  const ballast = (mounted: string) => join(mounted, 'ballast');
  /** Takes all the room that is left. */
  function fill(mounted: string): void {
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2))
      growWhileThereIsRoom(ballast(mounted), size);
  }

  it('a write is refused whole, and the next one after room was made is taken', async () => {
    await onFileSystem('size=3m', async (mounted) => {
      path = join(mounted, 'state.db');
      const store = await open();
      writeFileSync(ballast(mounted), Buffer.alloc(1 << 20));
      let written = 0;
      const writeUntilRefused = async () => {
        for (;;) {
          await store.write(async (tx) => {
            await tx.insert('tasks', task({ id: written + 1, details: 'x'.repeat(50_000) }));
            await tx.append(event(`e${written}`));
          });
          written += 1;
        }
      };
      expect(await failureOf(writeUntilRefused())).toEqual({ code: 'no-space', path });
      expect(await store.read((tx) => tx.count('tasks'))).toBe(written);
      expect(await store.read((tx) => tx.count('events'))).toBe(written);
      await rm(ballast(mounted));
      await store.write((tx) => tx.insert('tasks', task({ id: written + 1 })));
      expect(await store.read((tx) => tx.count('tasks'))).toBe(written + 1);
      expect(await store.check()).toEqual([]);
      await close(store);
    });
  });

  it('a work that passes over the refusal of one statement commits nothing', async () => {
    await onFileSystem('size=3m', async (mounted) => {
      path = join(mounted, 'state.db');
      const store = await open();
      fill(mounted);
      const write = store.write(async (tx) => {
        for (let id = 1; id < 400; id++)
          await tx.insert('tasks', task({ id, details: 'x'.repeat(200_000) })).catch(() => undefined);
      });
      expect(await failureOf(write)).toEqual({ code: 'no-space', path });
      await rm(ballast(mounted));
      expect(await store.read((tx) => tx.count('tasks'))).toBe(0);
      await close(store);
    });
  });

  it('a new database is refused, and made once there is room', async () => {
    await onFileSystem('size=1m', async (mounted) => {
      path = join(mounted, 'state.db');
      fill(mounted);
      expect(await failureOf(open())).toEqual({ code: 'no-space', path });
      await rm(ballast(mounted));
      const store = await open();
      expect(await store.write((tx) => tx.nextNumber('n'))).toBe(1);
      await close(store);
    });
  });

  it('a database is refused that finds no room for the files beside it, and opens once there is', async () => {
    await makeDatabase();
    await onFileSystem('size=4m', async (mounted) => {
      await copyFile(path, join(mounted, 'state.db'));
      path = join(mounted, 'state.db');
      fill(mounted);
      expect(await failureOf(readAll())).toEqual({ code: 'no-space', path });
      await rm(ballast(mounted));
      const store = await open();
      expect(await store.read((tx) => tx.count('tasks'))).toBe(200);
      await close(store);
    });
  });

  it('a migration that finds no room for its backup leaves the database as it was', async () => {
    await makeDatabase();
    await onFileSystem('size=4m', async (mounted) => {
      await copyFile(path, join(mounted, 'state.db'));
      path = join(mounted, 'state.db');
      const backupsDir = join(mounted, 'backups');
      fill(mounted);
      truncateSync(ballast(mounted), statSync(ballast(mounted)).size - 300_000);
      expect(await failureOf(open({ backupsDir, migrations: twoMigrations }))).toEqual({
        code: 'no-space',
        path,
      });
      expect(readdirSync(backupsDir)).toEqual([]);
      await rm(ballast(mounted));
      const store = await open({ backupsDir });
      expect(store.schema).toBe(newest);
      expect(await store.read((tx) => tx.count('tasks', { title: 'a task' }))).toBe(200);
      await close(store);
      await close(await open({ backupsDir, migrations: twoMigrations }));
      expect(readdirSync(backupsDir)).toHaveLength(1);
    });
  });
});

function growWhileThereIsRoom(file: string, size: number): void {
  const bytes = Buffer.alloc(size);
  try {
    for (;;) writeFileSync(file, bytes, { flag: 'a' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

/** Gives the test a small file system of its own. */
async function onFileSystem(options: string, test: (mounted: string) => Promise<void>): Promise<void> {
  const mounted = join(dir, 'mounted');
  mkdirSync(mounted);
  asRoot('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', mounted);
  try {
    await test(mounted);
  } finally {
    asRoot('umount', '-l', mounted);
  }
}

/** Whether a small file system can be had, to fill it up: not by every user, nor in every container. */
function tryMount(): boolean {
  const trial = mkdtempSync(join(tmpdir(), 'codeframe-mount-'));
  try {
    asRoot('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', trial);
    asRoot('umount', trial);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(trial);
  }
}

function asRoot(program: string, ...parameters: readonly string[]): void {
  execFileSync(program, parameters, { stdio: 'pipe' });
}
