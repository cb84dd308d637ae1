import { migrations, type Migration } from '../../src/adapters/store-sqlite/migrations.ts';

export const newestMigrations: readonly Migration[] = migrations;
const newest = migrations.length;

/** What a later program may bring: a step that changes rows and adds a table. */
export const twoMigrations: readonly Migration[] = [
  ...migrations,
  {
    version: newest + 1,
    sql: "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY) STRICT; UPDATE tasks SET title = title || ' (2)'",
  },
];

/** A step that fails when half of it is done. */
export const failingMigrations: readonly Migration[] = [
  ...twoMigrations,
  { version: newest + 2, sql: 'DELETE FROM tasks; INSERT INTO nowhere VALUES (1)' },
];
