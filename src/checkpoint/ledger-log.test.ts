import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CodeframeError } from '../failure.ts';
import { tableNames } from '../store/tables.ts';
import type { PartDraft, StoredCheckpoint } from './checkpoint-store.ts';
import { isLedgerPart, ledgerParts, ledgerTables } from './ledger-log.ts';
import { encodeRow } from './part-row.ts';
import { allRowsFromParts, partsFromRows, type AllRows } from './parts.ts';

const idOf = (n: number): string => createHash('sha256').update(String(n)).digest('hex').slice(0, 12);

function event(seq: number) {
  const data = { taskId: seq, title: `\u2028 "${seq}"}` };
  return { seq, id: `e${idOf(seq)}`, at: 1000 + seq, actor: 'test', type: 'task-added', data };
}

function cost(n: number) {
  const tokens = { inputTokens: n, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1 };
  const of = { stepId: `s${idOf(n)}`, agent: 'ada', taskId: 1, model: 'm', recorded: false };
  return { ...of, ...tokens, costUsd: n % 2 === 0 ? 0.5 : null, at: 1000 + n };
}

function rowsOf(count: number): AllRows {
  const rows = Object.fromEntries(tableNames.map((name) => [name, []])) as unknown as AllRows;
  const all = Array.from({ length: count }, (_, n) => n + 1);
  const costs = all.map(cost).toSorted((a, b) => (a.stepId < b.stepId ? -1 : 1));
  const counters = [{ name: 'tasks', value: count }];
  return { ...rows, costs, counters, events: all.map(event) } as unknown as AllRows;
}

function stored(parts: Iterable<PartDraft>, manifest: Partial<StoredCheckpoint['manifest']> = {}) {
  const kept = new Map([...parts].map((part) => [part.path, part.bytes]));
  return {
    id: 'c1',
    manifest: { version: 2, schema: 6, counts: {}, ...manifest },
    partPaths: async (prefix: string) => [...kept.keys()].filter((path) => path.startsWith(prefix)),
    part: async (path: string) => kept.get(path) ?? new Uint8Array(),
  } as unknown as StoredCheckpoint;
}

const textsOf = (rows: AllRows): ReadonlyMap<string, string> =>
  new Map(ledgerParts(rows).map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]));

describe('the ledger of a checkpoint', () => {
  test('comes back, each table in the order of its key', async () => {
    const rows = rowsOf(3_000);
    expect(await allRowsFromParts(stored(partsFromRows(rows)))).toEqual(rows);
    expect(await allRowsFromParts(stored([]))).toEqual({ ...rowsOf(0), counters: [] });
  });

  test('of which rows were added has all full parts as they were', () => {
    const [before, after] = [textsOf(rowsOf(3_000)), textsOf(rowsOf(3_001))];
    const full = [...before].filter(([path]) => path.startsWith('ledger/'));
    expect(full.length).toBeGreaterThan(20);
    for (const [path, text] of full) expect(after.get(path)).toBe(text);
    const fresh = [...after].filter(([path]) => !before.has(path));
    expect(fresh.length).toBeLessThanOrEqual(2);
  });

  test('changes in its newest part alone when a row without a time changes', () => {
    const rows = rowsOf(3_000);
    const [before, after] = [textsOf(rows), textsOf({ ...rows, counters: [{ name: 'tasks', value: 7 }] })];
    const changed = [...after].filter(([path, text]) => before.get(path) !== text);
    expect(changed.map(([path]) => path.startsWith('ledger.'))).toEqual([true]);
  });

  test('is told from what goes back with a restore', () => {
    for (const path of textsOf(rowsOf(300)).keys()) expect(isLedgerPart(path)).toBe(true);
    expect(isLedgerPart('state/tasks')).toBe(false);
  });

  test('of version 1 has a part for each table', async () => {
    const rows = rowsOf(40);
    const old = ledgerTables.map((name) => ({
      path: `ledger/${name}/0000.ndjson`,
      bytes: Buffer.from(rows[name].map((row) => `${encodeRow(name, { ...row })}\n`).join('')),
    }));
    expect(await allRowsFromParts(stored(old, { version: 1 }))).toEqual(rows);
  });

  test.each([
    ['no JSON', '{', 'a line is no row of the ledger'],
    ['of a table that goes back', '{"tasks":{"id":1}}', 'a line is no row of the ledger'],
    ['of another kind', '{"counters":{"name":1}}', 'column name is not text'],
  ])('is refused when a line is %s', async (_, line, problem) => {
    const path = 'ledger.0000.ndjson';
    const parts = [{ path, bytes: Buffer.from(`${line}\n`) }];
    const failure = { code: 'corrupt-checkpoint', id: 'c1', part: path, problem };
    await expect(allRowsFromParts(stored(parts))).rejects.toMatchObject({ failure });
    await expect(allRowsFromParts(stored(parts))).rejects.toBeInstanceOf(CodeframeError);
  });

  test('is refused when a row is missing', async () => {
    const lost = stored(partsFromRows(rowsOf(3)), { counts: { events: 4 } });
    await expect(allRowsFromParts(lost)).rejects.toMatchObject({
      failure: { code: 'corrupt-checkpoint', part: 'ledger/' },
    });
  });
});
