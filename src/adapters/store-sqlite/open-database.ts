import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { tableNames } from '../../store/tables.ts';
import { backUp, backupsIn } from './backup.ts';
import { SqliteConnection } from './connection.ts';
import { makeDirectory, syncToDisk } from './directory.ts';
import { migrate, newestOf, refuseForeign, refuseNewer, schemaOf } from './migrate.ts';
import type { Migration } from './migrations.ts';
import { isUnrolledBack, type DatabasePlace } from './sqlite-failure.ts';

export interface DatabaseOrder extends DatabasePlace {
  readonly migrations: readonly Migration[];
  /** Whether a database that is not there is made. */
  readonly create: boolean;
  /** Wall time in ms, for the name of a backup. */
  readonly now: () => number;
}

/** The file as it was opened, to tell when another one has taken its place. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** Makes the file when it is not there, for its owner alone. Throws errors of the file system. */
export function prepareFile({ path, backupsDir, create }: DatabaseOrder): FileIdentity {
  if (create) makeDirectory(dirname(path));
  const found = statSync(path, { throwIfNoEntry: false });
  if (!create && (!found || found.size === 0))
    throw new CodeframeError({
      code: 'corrupt-database',
      path,
      problem: found ? 'the file is empty' : 'the file is missing',
      backups: backupsIn(backupsDir),
    });
  if (!found) createFile(path);
  else if ((found.mode & 0o077) !== 0) chmodSync(path, 0o600);
  return statSync(path);
}

/**
 * SQLite would make it readable for all. A file that is there already is never opened here: closing it would drop the
 * locks that this process holds on it through SQLite.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
    throw error;
  }
  syncToDisk(dirname(path));
}

/** The connection that writes, on a database that has the newest schema. Throws SQLite's errors, also of a lock. */
export function openWriter(order: DatabaseOrder): SqliteConnection {
  refuseUnread(order);
  const connection = new SqliteConnection(order.path);
  try {
    useLog(connection, order);
    migrate(connection, { ...order, backUp: (version) => backUpBeside(order, version) });
    refuseIncomplete(connection, order);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection that only reads. */
export function openReader({ path }: DatabasePlace): SqliteConnection {
  const connection = new SqliteConnection(path);
  connection.exec('PRAGMA query_only = ON');
  return connection;
}

/**
 * Refuses what must not be touched, by a connection that cannot write, so that not a byte changes: the last
 * connection to close, or the first to switch to the log, would write.
 */
function refuseUnread(order: DatabaseOrder): void {
  if (statSync(order.path).size === 0) return;
  refuseCut(order);
  try {
    refuseUnfit(order, new SqliteConnection(order.path, { readonly: true }));
  } catch (error) {
    // Whoever made it was killed at its first write: only a connection that can write takes that back.
    if (!isUnrolledBack(error)) throw error;
    refuseUnfit(order, openReader(order));
  }
}

function refuseUnfit(order: DatabaseOrder, connection: SqliteConnection): void {
  try {
    // One snapshot for both questions: another process may be making the tables.
    connection.run('BEGIN');
    const found = schemaOf(connection);
    refuseNewer(found, newestOf(order.migrations), order.path);
    if (found === 0) refuseForeign(connection, order);
  } finally {
    connection.rollBack();
    connection.close();
  }
}

/**
 * SQLite takes what is missing of the last page for zeros. While there is a log, a page may be half written: what
 * it lacks is in the log. The size is asked twice, for another process may have been writing the first time.
 */
function refuseCut({ path, backupsDir }: DatabasePlace): void {
  const leastPageBytes = 512;
  const isCut = () => statSync(path).size % leastPageBytes !== 0;
  if (!isCut() || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 || !isCut()) return;
  const problem = 'the file ends within a page';
  throw new CodeframeError({ code: 'corrupt-database', path, problem, backups: backupsIn(backupsDir) });
}

/** A commit is on disk when it returns (FULL; the default of a database with a log is not to wait). */
function useLog(connection: SqliteConnection, { path }: DatabasePlace): void {
  const mode = connection.pragma('journal_mode = WAL');
  if (mode !== 'wal')
    throw new CodeframeError({
      code: 'input-output',
      path,
      doing: 'open the database',
      problem: `the file system allows no write-ahead log (journal mode ${String(mode)})`,
    });
  connection.exec(
    'PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864',
  );
}

function backUpBeside(order: DatabaseOrder, version: number): void {
  const connection = new SqliteConnection(order.path);
  try {
    backUp(connection, { backupsDir: order.backupsDir, version, now: order.now() });
  } finally {
    connection.close();
  }
}

function refuseIncomplete(connection: SqliteConnection, { path, backupsDir }: DatabasePlace): void {
  const rows = connection.all("SELECT name FROM sqlite_schema WHERE type = 'table'");
  const found = new Set(rows.map((row) => row['name']));
  const missing = tableNames.find((name) => !found.has(name));
  if (missing === undefined) return;
  const problem = `the table ${missing} is missing`;
  throw new CodeframeError({ code: 'corrupt-database', path, problem, backups: backupsIn(backupsDir) });
}
