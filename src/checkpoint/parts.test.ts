import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableNames } from '../store/tables.ts';
import { encodeRow, decodeRow } from './part-row.ts';
import { partsFromRows, rowsFromParts, stateTables, type AllRows } from './parts.ts';
import type { PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { CodeframeError, isFailure } from '../failure.ts';

function item(seq: number, text: string, agent = 'ada') {
  return {
    id: `i${agent}${seq}`,
    agent,
    seq,
    taskId: 1,
    stepId: null,
    kind: 'message',
    tool: null,
    path: null,
    callId: null,
    isError: false,
    input: { a: [1, null, 'x'] },
    text,
    promptText: null,
    meta: null,
    tokens: 3,
    promptTokens: 3,
    tokenMethod: 'test',
    importance: 0.25,
    tier: 'HOT',
    pinned: true,
    accessCount: 0,
    step: 1,
    lastUsedStep: 1,
    createdAt: 5,
  } as const;
}

function rowsOf(some: Partial<AllRows>): AllRows {
  return { ...(Object.fromEntries(tableNames.map((name) => [name, []])) as unknown as AllRows), ...some };
}

function stored(parts: Iterable<PartDraft>, counts: Record<string, number> = {}): StoredCheckpoint {
  const kept = new Map([...parts].map((part) => [part.path, part.bytes]));
  return {
    id: 'c1',
    manifest: { counts },
    partPaths: (prefix: string) =>
      Promise.resolve([...kept.keys()].filter((path) => path.startsWith(prefix)).toSorted()),
    part: (path: string) => {
      const bytes = kept.get(path);
      if (bytes !== undefined) return Promise.resolve(bytes);
      return Promise.reject(
        new CodeframeError({ code: 'corrupt-checkpoint', id: 'c1', part: path, problem: 'missing' }),
      );
    },
  } as unknown as StoredCheckpoint;
}

function task(id: number) {
  return {
    id,
    title: `task ${id}`,
    details: '',
    agent: null,
    after: [],
    status: 'pending',
    state: { kind: 'pending' },
    attempts: 0,
    createdAt: 1,
  } as const;
}

describe('parts', () => {
  test('rows come back as they were, whatever text the items hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(fc.string({ unit: 'binary' }), fc.constant('\ud800 alone'), fc.constant('\ufeff')),
          {
            maxLength: 40,
          },
        ),
        async (texts) => {
          const rows = rowsOf({ context_items: texts.map((text, i) => item(i + 1, text)), tasks: [task(1)] });
          const back = await rowsFromParts(stored(partsFromRows(rows)));
          for (const name of stateTables) expect(back[name]).toEqual(rows[name]);
        },
      ),
    );
  });

  test('many rows keep their order across chunks', async () => {
    const tasks = Array.from({ length: 5_000 }, (_, i) => task(i + 1));
    const parts = [...partsFromRows(rowsOf({ tasks }))];
    expect(parts.length).toBeGreaterThan(5);
    expect((await rowsFromParts(stored(parts))).tasks).toEqual(tasks);
  });

  test('a row in the middle changes one chunk only', () => {
    const ids = Array.from({ length: 4_000 }, (_, i) => i * 2 + 1);
    const before = [...partsFromRows(rowsOf({ tasks: ids.map(task) }))];
    const after = [...partsFromRows(rowsOf({ tasks: [...ids, 4_000].toSorted((a, b) => a - b).map(task) }))];
    const known = new Set(before.map((part) => Buffer.from(part.bytes).toString()));
    const fresh = after.filter((part) => !known.has(Buffer.from(part.bytes).toString()));
    expect(fresh.length).toBeLessThanOrEqual(2);
  });

  test('an agent whose name means something in a path stays below its directory', async () => {
    const rows = rowsOf({ context_items: ['..', '.git', 'a/b', 'é'].map((agent) => item(1, agent, agent)) });
    const parts = [...partsFromRows(rows)];
    for (const part of parts)
      expect(part.path).toMatch(/^(state|context)(\/[A-Za-z0-9_%-][A-Za-z0-9_.%-]*)+$/);
    expect((await rowsFromParts(stored(parts))).context_items).toEqual(rows.context_items);
  });

  test('a damaged line names its part', async () => {
    const broken = [{ path: 'state/tasks/0000.ndjson', bytes: Buffer.from('{"id":1}\n') }];
    await expect(rowsFromParts(stored(broken))).rejects.toSatisfy(
      (error) =>
        isFailure(error, 'corrupt-checkpoint') &&
        'part' in error.failure &&
        error.failure.part === 'state/tasks/0000.ndjson',
    );
  });

  test('a chunk that is gone is missed', async () => {
    await expect(rowsFromParts(stored([], { tasks: 3 }))).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'state/tasks/' },
    });
  });

  test('an item whose text is gone names the part of the text', async () => {
    const parts = [...partsFromRows(rowsOf({ context_items: [item(300, 'x')] }))];
    const without = parts.filter((part) => !part.path.startsWith('context/'));
    await expect(rowsFromParts(stored(without))).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'context/ada/0001/iada300' },
    });
  });
});

describe('a row as a line', () => {
  test.each([
    ['no JSON', '{', 'a line is not a JSON object'],
    ['another kind', '{"id":"x"}', 'column id is not integer'],
    ['a column too many', `${encodeRow('tasks', task(1)).slice(0, -1)},"x":1}`, 'there is no column x'],
    [
      'null where there must be a value',
      encodeRow('tasks', { ...task(1), title: null }),
      'column title is not text',
    ],
  ])('%s is refused', (_, line, problem) => {
    expect(decodeRow('tasks', line)).toEqual({ problem });
  });
});
