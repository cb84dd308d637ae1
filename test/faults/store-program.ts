import { writeFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { newestMigrations, twoMigrations } from './store-migrations.ts';
import { sqliteDriver } from '../../src/adapters/store-sqlite/driver.ts';
import { openSqliteStore, type SqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { isFailure } from '../../src/failure.ts';
import { event, step, task } from '../conformance/store-rows.ts';

/** The programs that fault tests start as children: `store-program.mjs WHAT DIR [ARGUMENT]`. */
const [what = '', dir = '', argument = ''] = process.argv.slice(2);
const programs: Readonly<Record<string, () => Promise<void>>> = {
  'open-when-told': openWhenTold,
  'write-on': writeOn,
  'hold-lock': holdLock,
  'hold-migration': holdMigration,
  owner: owner,
  'first-write': firstWrite,
  count: count,
};
await programs[what]?.();

/** Says it in one system call, so that what was said was said before any kill. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function open(migrations = newestMigrations): Promise<SqliteStore> {
  return openSqliteStore({
    path: `${dir}/state.db`,
    backupsDir: `${dir}/backups`,
    busyMs: 60_000,
    migrations,
  });
}

async function told(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  for await (const _ of lines) break;
  lines.close();
  process.stdin.destroy();
}

async function openWhenTold(): Promise<void> {
  say('ready');
  await told();
  const store = await open(argument === 'two' ? twoMigrations : newestMigrations);
  const number = await store.write((tx) => tx.nextNumber('opened'));
  say(`${store.schema} ${number}`);
  await store.close();
}

/** Writes on and on, rows that only make sense together; says each number that was acknowledged. */
async function writeOn(): Promise<void> {
  say('opening');
  const store = await open();
  say('open');
  for (;;) {
    const number = await store.write(async (tx) => {
      const id = await tx.nextNumber('writes');
      await tx.insert('tasks', task({ id, details: 'x'.repeat((id * 7919) % 60_000) }));
      await tx.insert('steps', step({ seq: id }));
      await tx.append(event(`e${id}`, id));
      return id;
    });
    say(`${number}`);
  }
}

async function holdLock(): Promise<void> {
  const store = await open();
  await store.write(async (tx) => {
    const number = await tx.nextNumber('held');
    say(`holding ${number}`);
    process.kill(process.pid, 'SIGSTOP');
  });
  say('committed');
  await store.close();
}

/** Stops in the middle of a migration, with its lock held. */
async function holdMigration(): Promise<void> {
  const store = await openSqliteStore({
    path: `${dir}/state.db`,
    backupsDir: `${dir}/backups`,
    migrations: twoMigrations,
    now: () => {
      say('migrating');
      process.kill(process.pid, 'SIGSTOP');
      return Date.now();
    },
  });
  say(`${store.schema}`);
  await store.close();
}

/** Writes as the owner of epoch 1 until it is refused. */
async function owner(): Promise<void> {
  const store = await open();
  for (let written = 0; ; written++) {
    try {
      await store.write((tx) => tx.nextNumber('owner'), { fence: { ownerId: 'o1', epoch: 1 } });
    } catch (error) {
      say(isFailure(error) ? `${error.failure.code} after ${written}` : `not expected: ${String(error)}`);
      break;
    }
    if (written === 20) {
      say('stopping');
      process.kill(process.pid, 'SIGSTOP');
    }
  }
  await store.close();
}

/** Dies while the file has no log yet, with pages in it that only its journal can take back. */
async function firstWrite(): Promise<void> {
  writeFileSync(`${dir}/state.db`, '', { mode: 0o600 });
  const database = new (sqliteDriver())(`${dir}/state.db`);
  database.exec('PRAGMA cache_size = 1; BEGIN; CREATE TABLE cut (a); PRAGMA user_version = 1');
  for (let row = 0; row < 100; row++) database.prepare('INSERT INTO cut VALUES (?)').run('x'.repeat(5_000));
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => {});
}

async function count(): Promise<void> {
  say('ready');
  await told();
  const store = await open();
  for (let index = 0; index < Number(argument); index++) await store.write((tx) => tx.nextNumber('n'));
  await store.close();
  say('done');
}
