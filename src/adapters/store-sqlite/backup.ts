import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SqliteConnection } from './connection.ts';
import { makeDirectory, syncToDisk } from './directory.ts';

const kept = 5;
const namePattern = /^state-\d{8}T\d{9}Z-v\d+\.db$/;
// Also the journal beside it, which SQLite keeps while it fills the file.
const partialPattern = /^state-.*\.partial(-\w+)?$/;

export interface BackupOrder {
  readonly backupsDir: string;
  /** The schema that the database has. */
  readonly version: number;
  /** Wall time, ms. */
  readonly now: number;
}

/** The backups in the directory, whole paths, newest first. None when there is no such directory. */
export function backupsIn(backupsDir: string): readonly string[] {
  if (!existsSync(backupsDir)) return [];
  return readdirSync(backupsDir)
    .filter((name) => namePattern.test(name))
    .sort()
    .reverse()
    .map((name) => join(backupsDir, name));
}

/**
 * Writes the database as the connection sees it into a new file, synced, and keeps the newest five.
 * A copy of the files would be corrupt: what was committed last lies in the log beside them.
 * The caller holds the write lock on another connection, so nobody else does this at the same time.
 */
export function backUp(connection: SqliteConnection, order: BackupOrder): string {
  makeDirectory(order.backupsDir);
  removePartials(order.backupsDir);
  const target = freeName(order);
  const partial = `${target}.partial`;
  try {
    // Made first, for its mode: SQLite fills an empty file.
    closeSync(openSync(partial, 'wx', 0o600));
    connection.run('VACUUM INTO ?', [partial]);
    syncToDisk(partial);
    renameSync(partial, target);
  } catch (error) {
    removePartials(order.backupsDir);
    throw error;
  }
  syncToDisk(order.backupsDir);
  for (const old of backupsIn(order.backupsDir)
    .filter((path) => path !== target)
    .slice(kept - 1))
    rmSync(old);
  return target;
}

/** What a backup that was killed or that failed left. */
function removePartials(backupsDir: string): void {
  for (const name of readdirSync(backupsDir))
    if (partialPattern.test(name)) rmSync(join(backupsDir, name), { force: true });
}

function freeName({ backupsDir, version, now }: BackupOrder): string {
  for (let at = now; ; at += 1) {
    const stamp = new Date(at).toISOString().replaceAll(/[-:.]/g, '');
    const path = join(backupsDir, `state-${stamp}-v${version}.db`);
    if (!existsSync(path)) return path;
  }
}
