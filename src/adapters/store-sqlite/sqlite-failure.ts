import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodeframeError, type Failure } from '../../failure.ts';
import { UnreadableValue } from '../../store/stored-row.ts';
import { backupsIn } from './backup.ts';

/** Where a database lies, for the words of its failures. */
export interface DatabasePlace {
  readonly path: string;
  readonly backupsDir: string;
}

/** The shared memory beside the database grows by 32 KiB. */
const leastFreeBytes = 64 * 1024;

/** Another process holds the lock that a statement needs: worth another try. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

/** An insert met a row with its key. */
export function isKeyTaken(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_ROWID'].includes(codeOf(error));
}

/** What is in the file is not what SQLite, or the store, wrote there. */
export function isCorrupt(error: unknown): error is Error {
  const code = codeOf(error);
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT') || error instanceof UnreadableValue;
}

/** Whether a killed process left a change that a connection which only reads cannot take back. */
export function isUnrolledBack(error: unknown): boolean {
  return ['SQLITE_READONLY_ROLLBACK', 'SQLITE_READONLY_RECOVERY'].includes(codeOf(error));
}

/** The failure that an error of SQLite stands for; anything else, also what a transaction's work threw, as it is. */
export function failureOf(error: unknown, place: DatabasePlace, doing: string): unknown {
  const failure = sqliteFailure(error, place, doing);
  return failure ? new CodeframeError(failure, { cause: error }) : error;
}

/** As `failureOf`, and for an error of the file system too. */
export function openingFailureOf(error: unknown, place: DatabasePlace): unknown {
  const doing = 'open the database';
  if (error instanceof CodeframeError) return error;
  const failure = sqliteFailure(error, place, doing) ?? fileFailure(error, place, doing);
  return failure ? new CodeframeError(failure, { cause: error }) : error;
}

function sqliteFailure(error: unknown, place: DatabasePlace, doing: string): Failure | undefined {
  const { path } = place;
  const code = codeOf(error);
  const problem = error instanceof Error ? error.message : String(error);
  if (code === 'SQLITE_FULL') return { code: 'no-space', path };
  if (isCorrupt(error))
    return { code: 'corrupt-database', path, problem, backups: backupsIn(place.backupsDir) };
  if (/^SQLITE_(READONLY|PERM|AUTH)/.test(code)) return { code: 'no-permission', path, doing };
  if (!/^SQLITE_(IOERR|CANTOPEN)/.test(code)) return undefined;
  // Of its shared memory and of its log, SQLite says neither that the disk is full nor that it is read-only.
  if (!isWritable(path)) return { code: 'no-permission', path, doing };
  if (isFull(path)) return { code: 'no-space', path };
  return { code: 'input-output', path, doing, problem: `${problem} (${code})` };
}

function fileFailure(error: unknown, { path }: DatabasePlace, doing: string): Failure | undefined {
  const code = codeOf(error);
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return { code: 'no-permission', path, doing };
  if (['ENOSPC', 'EDQUOT'].includes(code)) return { code: 'no-space', path };
  if (error instanceof Error && 'errno' in error)
    return { code: 'input-output', path, doing, problem: error.message };
  return undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    return !['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error));
  }
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < leastFreeBytes;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
