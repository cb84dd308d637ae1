import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeframeError } from '../../src/failure.ts';
import type { Query, Store, Where, WriteTransaction } from '../../src/store/store.ts';
import { tableNames, type Tables } from '../../src/store/tables.ts';
import { memoryStores, sqliteStores } from './store-makers.ts';
import type { StoreUnderTest } from './store.ts';
import { cost, event, item, step, task } from './store-rows.ts';

/** Something to do in a write transaction; answers what can be compared. */
type Operation = (tx: WriteTransaction) => Promise<unknown>;

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'a\0', '\uFF5E', '\u{1F600}', '\u{1F601}', '\uD800', 'é'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const nullable = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 3 });
const number = fc.integer({ min: 0, max: 4 });
const real = fc.oneof(
  fc.constantFrom(0, -0, 0.1, 1, 1e300, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null);

const tasks = fc
  .record({
    id: number,
    title: text,
    agent: nullable(text),
    attempts: number,
    after: fc.array(number, { maxLength: 3 }),
  })
  .map(task);
const steps = fc
  .record({ agent: text, seq: number, callId: nullable(text), endedAt: nullable(number) })
  .map((change) => step({ ...change, id: 's' }));
const items = fc
  .record({ agent: text, seq: number, text, meta: nullable(json), pinned: fc.boolean(), importance: real })
  .map((change) => item({ ...change, id: 'i' }));
const costs = fc.record({ stepId: text, costUsd: nullable(real) }).map(cost);

const taskWhere: fc.Arbitrary<Where<Tables['tasks']>> = fc.oneof(
  fc.constant({}),
  fc.record({
    id: fc.oneof(
      number,
      number.map((gt) => ({ gt })),
      number.map((gte) => ({ gte })),
    ),
  }),
  fc.record({
    title: fc.oneof(
      text,
      fc.array(text, { maxLength: 4 }).map((list) => ({ in: list })),
    ),
  }),
  fc.record({
    agent: fc.oneof(
      nullable(text),
      fc.array(nullable(text), { maxLength: 4 }).map((list) => ({ in: list })),
    ),
    attempts: number,
  }),
);
const itemWhere: fc.Arbitrary<Where<Tables['context_items']>> = fc.oneof(
  fc.record({ pinned: fc.boolean() }),
  fc.record({ text }),
  fc.record({
    importance: fc.oneof(
      real,
      real.map((gt) => ({ gt })),
    ),
  }),
  fc.constant({ meta: null }),
);
const taskQuery: fc.Arbitrary<Query<Tables['tasks']>> = fc.record(
  {
    where: taskWhere,
    orderBy: fc.constantFrom('id', 'title', 'agent', 'attempts'),
    descending: fc.boolean(),
    limit: number,
  },
  { requiredKeys: [] },
);
const itemQuery: fc.Arbitrary<Query<Tables['context_items']>> = fc.record(
  { where: itemWhere, orderBy: fc.constantFrom('importance', 'text', 'pinned'), descending: fc.boolean() },
  { requiredKeys: [] },
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  tasks.map(
    (row): Operation =>
      (tx) =>
        tx.insert('tasks', row),
  ),
  steps.map(
    (row): Operation =>
      (tx) =>
        tx.insert('steps', row),
  ),
  items.map(
    (row): Operation =>
      (tx) =>
        tx.insert('context_items', row),
  ),
  costs.map(
    (row): Operation =>
      (tx) =>
        tx.insert('costs', row),
  ),
  fc.tuple(number, fc.record({ title: text, agent: nullable(text) }, { requiredKeys: [] }), tasks).map(
    ([id, expected, { title, agent, after }]): Operation =>
      (tx) =>
        tx.update('tasks', { key: [id], expect: expected, set: { title, agent, after } }),
  ),
  fc.tuple(items, fc.record({ meta: nullable(json) }, { requiredKeys: [] })).map(
    ([{ agent, seq, text: set }, expected]): Operation =>
      (tx) =>
        tx.update('context_items', { key: [agent, seq], expect: expected, set: { promptText: set } }),
  ),
  fc.tuple(taskWhere, fc.record({ title: text, agent: nullable(text) }, { requiredKeys: [] })).map(
    ([where, set]): Operation =>
      (tx) =>
        tx.updateAll('tasks', { where, set }),
  ),
  taskWhere.map(
    (where): Operation =>
      (tx) =>
        tx.delete('tasks', where),
  ),
  itemWhere.map(
    (where): Operation =>
      (tx) =>
        tx.delete('context_items', where),
  ),
  taskQuery.map(
    (query): Operation =>
      (tx) =>
        tx.list('tasks', query),
  ),
  itemQuery.map(
    (query): Operation =>
      (tx) =>
        tx.list('context_items', query),
  ),
  itemQuery.map(
    (query): Operation =>
      (tx) =>
        tx.pick('context_items', ['text', 'meta', 'pinned'], query),
  ),
  taskWhere.map(
    (where): Operation =>
      (tx) =>
        tx.count('tasks', where),
  ),
  number.map(
    (id): Operation =>
      (tx) =>
        tx.get('tasks', id),
  ),
  fc.tuple(text, number).map(
    ([agent, seq]): Operation =>
      (tx) =>
        tx.get('steps', agent, seq),
  ),
  text.map(
    (id): Operation =>
      (tx) =>
        tx.append(event(id)),
  ),
  text.map(
    (name): Operation =>
      (tx) =>
        tx.nextNumber(name),
  ),
);
/** Writes, some of which throw at their end. */
const writes = fc.array(
  fc.record({ operations: fc.array(operation, { maxLength: 8 }), fails: fc.boolean() }),
  { maxLength: 6 },
);

describe('the adapters', () => {
  let memory: StoreUnderTest;
  let sqlite: StoreUnderTest;
  beforeAll(async () => {
    memory = await memoryStores.create();
    sqlite = await sqliteStores.create();
  });
  afterAll(async () => {
    await memory.destroy();
    await sqlite.destroy();
  });

  it('answer the same to the same operations', async () => {
    await fc.assert(
      fc.asyncProperty(writes, async (run) => {
        await empty(sqlite.store);
        await empty(memory.store);
        expect(await answers(sqlite.store, run)).toEqual(await answers(memory.store, run));
      }),
      { numRuns: 200 },
    );
  });
});

async function empty(store: Store): Promise<void> {
  await store.write(async (tx) => {
    for (const table of tableNames) await tx.delete(table);
  });
}

/** What each operation answered or threw, and all rows at the end. */
async function answers(store: Store, run: readonly { operations: readonly Operation[]; fails: boolean }[]) {
  const given: unknown[] = [];
  for (const { operations, fails } of run) {
    const write = store.write(async (tx) => {
      for (const each of operations) given.push(await each(tx).catch(thrown));
      if (fails) throw new Error('rolled back');
    });
    given.push(await write.catch(thrown));
  }
  given.push(await store.read((tx) => Promise.all(tableNames.map((table) => tx.list(table)))));
  return given;
}

function thrown(error: unknown): unknown {
  if (error instanceof CodeframeError) return { failure: error.failure };
  return { error: error instanceof Error ? error.message : error };
}
