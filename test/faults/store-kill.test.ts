import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { task } from '../conformance/store-rows.ts';
import { startStoreProgram } from './store-children.ts';
import { newestMigrations, twoMigrations } from './store-migrations.ts';
import { seed } from '../rig/same-everywhere.ts';

const kills = 60;

describe('a store whose process is killed', () => {
  let dir: string;
  const random = randomFrom(seed);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'codeframe-kill-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const open = (migrations = newestMigrations) =>
    openSqliteStore({ path: join(dir, 'state.db'), backupsDir: join(dir, 'backups'), migrations });

  it(`keeps what was acknowledged, and nothing by half, ${kills} times (seed ${seed})`, async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < kills; kill++) {
      acknowledged = Math.max(acknowledged, await writeUntilKilled());
      acknowledged = await expectWhole(acknowledged);
    }
    expect(acknowledged).toBeGreaterThan(kills);
  });

  it(`migrates once the migration was killed, 12 times (seed ${seed})`, async () => {
    const old = await open();
    await old.write(async (tx) => {
      for (let id = 1; id <= 300; id++) await tx.insert('tasks', task({ id, details: 'x'.repeat(20_000) }));
    });
    await old.close();
    for (let kill = 0; kill < 12; kill++) {
      const child = await startStoreProgram('open-when-told', dir, 'two');
      await child.line();
      child.tell();
      await delay(random() * 40);
      child.kill('SIGKILL');
      await child.ended;
    }
    const store = await open(twoMigrations);
    const titles = await store.read(async (tx) => (await tx.list('tasks')).map(({ title }) => title));
    expect(titles).toEqual(Array.from({ length: 300 }, () => 'a task (2)'));
    expect(await store.check()).toEqual([]);
    await store.close();
    expect((await readdir(join(dir, 'backups'))).every((name) => name.endsWith('.db'))).toBe(true);
  });

  /** Answers the last number that the child acknowledged; 0 when none. */
  async function writeUntilKilled(): Promise<number> {
    const child = await startStoreProgram('write-on', dir);
    await child.line();
    const said: string[] = [];
    const wanted = Math.floor(random() * 12) - 1;
    for (let index = 0; index < wanted; index++) said.push(await child.line());
    // Not to wait for something: to die somewhere else each time.
    await delay(random() * 6);
    child.kill('SIGKILL');
    const { rest, signal } = await child.ended;
    expect(signal).toBe('SIGKILL');
    return Number([...said, ...rest].findLast((line) => line !== 'open') ?? 0);
  }

  /** Answers the last number that is there. */
  async function expectWhole(acknowledged: number): Promise<number> {
    const store = await open();
    const { tasks, steps, events, number } = await store.read(async (tx) => ({
      tasks: await tx.list('tasks'),
      steps: await tx.list('steps'),
      events: await tx.list('events'),
      number: (await tx.get('counters', 'writes'))?.value ?? 0,
    }));
    expect(await store.check()).toEqual([]);
    await store.close();
    const numbers = Array.from({ length: number }, (_, index) => index + 1);
    expect(number).toBeGreaterThanOrEqual(acknowledged);
    // One more may have been committed than the child lived to say.
    expect(number).toBeLessThanOrEqual(acknowledged + 1);
    expect(tasks.map(({ id }) => id)).toEqual(numbers);
    expect(tasks.every(({ id, details }) => details.length === (id * 7919) % 60_000)).toBe(true);
    expect(steps.map(({ seq }) => seq)).toEqual(numbers);
    expect(events.map(({ seq, id }) => [seq, id])).toEqual(numbers.map((each) => [each, `e${each}`]));
    return number;
  }
});

/** mulberry32: the same numbers for the same seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
