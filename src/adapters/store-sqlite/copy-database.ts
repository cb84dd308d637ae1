import { sqliteDriver } from './driver.ts';

/** A copy of anybody's SQLite database, of one instant, also while it is written: a plain copy would be corrupt. */
export function copyDatabase(from: string, to: string): void {
  const Database = sqliteDriver();
  const database = new Database(from, { fileMustExist: true, timeout: 5000 });
  try {
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}
