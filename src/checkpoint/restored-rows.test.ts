import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { item, step, task } from '../../test/conformance/store-rows.ts';
import { openMemoryStore } from '../adapters/store-memory/memory-store.ts';
import type { AgentRow } from '../agent/agent.ts';
import { changeRows, countRows, planRows, readState, rowsDigest } from './change-rows.ts';
import type { StateRows } from './parts.ts';
import type { RestorePart } from './restore.ts';
import { wantedRows } from './wanted-rows.ts';

describe('the rows that a restore makes', () => {
  it('are at rest, although the checkpoint was made while agents worked', () => {
    const saved = rows({
      agents: [agentRow()],
      tasks: [taskRow()],
      steps: [step({ intent: { summary: 'rm x' } })],
    });
    const wanted = wantedRows({ saved, savedIn: 'c1', savedAt: 7, present: rows({}), parts: all });
    expect(wanted.agents[0]?.status).toBe('idle');
    expect(wanted.tasks[0]).toMatchObject({ status: 'held', state: { kind: 'held', agent: 'ada' } });
    expect(wanted.steps[0]).toMatchObject({ status: 'interrupted', endedAt: 7, outcome: { isError: true } });
    expect(wanted.steps[0]?.outcome?.summary).toContain('rm x');
  });

  it('are those of the checkpoint for the memory, and those of now for the rest, with --only context', () => {
    const saved = rows({
      agents: [agent('ada', 2), agent('bob', 1)],
      tasks: [task({ title: 'then' })],
      steps: [step({ seq: 1 }), step({ seq: 2 }), step({ seq: 1, agent: 'bob', id: 'sb' })],
      context_items: [item({ seq: 1 }), item({ seq: 1, agent: 'bob', id: 'ib' })],
    });
    const present = rows({
      agents: [agent('ada', 9), agent('cyd', 3)],
      tasks: [task({ title: 'now' })],
      steps: [step({ seq: 9 }), step({ seq: 3, agent: 'cyd', id: 'sc' })],
      context_items: [item({ seq: 4 }), item({ seq: 4, agent: 'cyd', id: 'ic' })],
    });
    const wanted = wantedRows({
      saved,
      savedIn: 'c1',
      savedAt: 7,
      present,
      parts: new Set<RestorePart>(['context']),
    });
    expect(wanted.tasks.map(({ title }) => title)).toEqual(['now']);
    expect(wanted.agents.map(({ name, stepCount }) => [name, stepCount])).toEqual([
      ['ada', 2],
      ['cyd', 0],
    ]);
    expect(wanted.steps.map(({ agent: name, seq }) => [name, seq])).toEqual([
      ['ada', 1],
      ['ada', 2],
    ]);
    expect(wanted.context_items.map(({ agent: name, seq }) => [name, seq])).toEqual([['ada', 1]]);
  });

  it('keep the memory, and the agents that have one, with --only state', () => {
    const saved = rows({
      agents: [agent('ada', 2)],
      tasks: [task({ title: 'then' })],
      steps: [step({ seq: 2 })],
    });
    const present = rows({
      agents: [agent('ada', 9), agent('bob', 1), agent('new', 0)],
      tasks: [task({ title: 'now' }), task({ id: 2 })],
      steps: [step({ seq: 9 }), step({ seq: 1, agent: 'bob', id: 'sb' })],
      context_items: [item({ seq: 4 })],
    });
    const wanted = wantedRows({
      saved,
      savedIn: 'c1',
      savedAt: 7,
      present,
      parts: new Set<RestorePart>(['state']),
    });
    expect(wanted.tasks.map(({ title }) => title)).toEqual(['then']);
    expect(wanted.agents.map(({ name, stepCount }) => [name, stepCount])).toEqual([
      ['ada', 9],
      ['bob', 1],
    ]);
    expect(wanted.steps).toEqual(present.steps);
    expect(wanted.context_items).toEqual(present.context_items);
  });

  it('stay as they are with --only code', () => {
    const present = rows({ agents: [agent('ada', 9)], steps: [step({ seq: 9 })] });
    expect(
      wantedRows({
        saved: rows({}),
        savedIn: 'c1',
        savedAt: 7,
        present,
        parts: new Set<RestorePart>(['code']),
      }),
    ).toEqual(present);
  });
});

describe('changing rows', () => {
  it('makes any rows of any others, in a store', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, someRows, async (from, to) => {
        const store = openMemoryStore();
        const put = (wanted: StateRows): Promise<number> =>
          store.write(async (tx) => changeRows(tx, planRows(await readState(tx), wanted)));
        await put(from);
        expect(await store.read(readState)).toEqual(from);
        await put(to);
        expect(await store.read(readState)).toEqual(to);
        expect(await put(to)).toBe(0);
        await store.close();
      }),
    );
  });

  it('tells of each table how many rows it adds, changes and deletes', () => {
    const changes = planRows(
      rows({ tasks: [task({ id: 1 }), task({ id: 2 })] }),
      rows({ tasks: [task({ id: 2, title: 'other' }), task({ id: 3 })] }),
    );
    expect(countRows(changes)).toEqual([{ table: 'tasks', added: 1, changed: 1, deleted: 1 }]);
  });

  it('has another digest when the rows of now are others', () => {
    const wanted = rows({ tasks: [task({ title: 'wanted' })] });
    const digests = ['one', 'two'].map((title) =>
      rowsDigest(planRows(rows({ tasks: [task({ title })] }), wanted)),
    );
    expect(new Set(digests).size).toBe(2);
  });

  it('takes the same values in another order for the same', () => {
    const [a, b] = [
      { x: 1, y: 2 },
      { y: 2, x: 1 },
    ].map((input) => rows({ context_items: [item({ input })] }));
    expect(planRows(a ?? rows({}), b ?? rows({}))).toEqual([]);
  });
});

const all = new Set<RestorePart>(['code', 'state', 'context']);

const someRows: fc.Arbitrary<StateRows> = fc
  .record({
    tasks: fc.uniqueArray(
      fc.record({ id: fc.integer({ min: 1, max: 4 }), title: fc.constantFrom('a', 'b') }),
      {
        selector: ({ id }) => id,
      },
    ),
    steps: fc.uniqueArray(
      fc.record({ agent: fc.constantFrom('ada', 'bob'), seq: fc.integer({ min: 1, max: 3 }) }),
      {
        selector: ({ agent: name, seq }) => `${name} ${seq}`,
      },
    ),
  })
  .map(({ tasks, steps }) =>
    rows({
      tasks: tasks.map((some) => task(some)).toSorted((a, b) => a.id - b.id),
      steps: steps
        .map((some) => step({ ...some, id: `s-${some.agent}-${some.seq}` }))
        .toSorted((a, b) => (`${a.agent} ${a.seq}` < `${b.agent} ${b.seq}` ? -1 : 1)),
    }),
  );

function rows(some: Partial<StateRows>): StateRows {
  return {
    agents: [],
    homes: [],
    worktrees: [],
    tasks: [],
    blockers: [],
    steps: [],
    context_items: [],
    archives: [],
    ...some,
  };
}

function agent(name: string, stepCount: number): AgentRow {
  return { ...agentRow(), name, stepCount, status: 'idle' };
}
