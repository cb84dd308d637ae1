import { CodeframeError } from '../../failure.ts';
import type { SqliteConnection } from './connection.ts';
import type { Migration } from './migrations.ts';
import type { DatabasePlace } from './sqlite-failure.ts';
import { backupsIn } from './backup.ts';

export interface MigrationPlan extends DatabasePlace {
  readonly migrations: readonly Migration[];
  /** Called once, with the write lock held, before a database that holds something is changed. */
  readonly backUp: (version: number) => void;
}

/**
 * Brings the database to the newest schema, or leaves it as it was: all steps are one transaction. Its write lock is
 * the only lock: whoever comes second sees, once it has it, that nothing is left to do. Answers the schema.
 */
export function migrate(connection: SqliteConnection, plan: MigrationPlan): number {
  const newest = newestOf(plan.migrations);
  if (schemaOf(connection) === newest) return newest;
  connection.run('BEGIN IMMEDIATE');
  try {
    migrateLocked(connection, plan);
    connection.run('COMMIT');
  } catch (error) {
    connection.rollBack();
    throw error;
  }
  return newest;
}

function migrateLocked(connection: SqliteConnection, plan: MigrationPlan): void {
  const newest = newestOf(plan.migrations);
  const found = schemaOf(connection);
  refuseNewer(found, newest, plan.path);
  if (found === newest) return;
  if (found === 0) refuseForeign(connection, plan);
  else plan.backUp(found);
  for (const migration of plan.migrations) if (migration.version > found) connection.exec(migration.sql);
  connection.exec(`PRAGMA user_version = ${newest}`);
}

/** The schema of the database; 0 when nothing is in it. */
export function schemaOf(connection: SqliteConnection): number {
  return Number(connection.get('PRAGMA user_version')?.['user_version']);
}

export function newestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/** Throws `database-newer`: a program that does not know a schema must not touch it. */
export function refuseNewer(found: number, known: number, path: string): void {
  if (found > known) throw new CodeframeError({ code: 'database-newer', path, found, known });
}

/** Throws `corrupt-database` for a database of no schema that holds something: it is another program's. */
export function refuseForeign(connection: SqliteConnection, { path, backupsDir }: DatabasePlace): void {
  const table = connection.get('SELECT name FROM sqlite_schema LIMIT 1');
  if (!table) return;
  throw new CodeframeError({
    code: 'corrupt-database',
    path,
    problem: `not a database of codeframe: it has no schema number, but ${String(table['name'])}`,
    backups: backupsIn(backupsDir),
  });
}
