import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { changeRows, planRows, readState } from '../../src/checkpoint/change-rows.ts';
import { rowsFromParts } from '../../src/checkpoint/parts.ts';
import type { ArchiveRow } from '../../src/context/archive.ts';
import { estimateTokens } from '../../src/context/estimate-tokens.ts';
import { newItemRow } from '../../src/context/new-item.ts';
import { recall } from '../../src/context/recall.ts';
import type { TokenCounter } from '../../src/context/tokens.ts';
import type { ProjectPorts } from '../../src/runner/ports.ts';
import type { Store } from '../../src/store/store.ts';
import { fileText } from '../rig/agent-memory.ts';
import { CaseProject } from '../rig/case-project.ts';

/** 12,000 pass as well, in a minute of processor time; `test/faults/recall-all.test.ts` has so many, without the files. */
const itemsMany = Number(process.env['CODEFRAME_ITEMS'] ?? 1_200);
const tokens = { method: 'estimate', count: (text: string) => Math.ceil(estimateTokens(text)) };
type Ports = ProjectPorts & { readonly tokens: TokenCounter };

/** Results of which each has words of its own; some hold what is awkward to cut and to store. */
async function grow(ports: Ports): Promise<void> {
  await ports.store.write(async (tx) => {
    for (let seq = 1; seq <= itemsMany; seq += 1) {
      const odd = seq % 3 === 0 ? '\u{1F600} 漢字 \u0000 \ud800 "quoted"\r\n' : '';
      const text = `result ${seq} of word${seq}\n${odd}${fileText(`f${seq}.ts`, 4)}`;
      const place = { agent: 'ada', taskId: null, stepId: null, seq, step: seq };
      await tx.insert(
        'context_items',
        newItemRow(ports, { item: { kind: 'result', text, tool: 'run' }, place }),
      );
    }
    await tx.update('agents', { key: ['ada'], set: { stepCount: itemsMany } });
  });
}

/** The pieces that do not come back as they were archived; in one transaction, or each would wait for the disk. */
function wronglyRecalled(
  store: Store,
  ports: Ports,
  known: { readonly archives: readonly ArchiveRow[]; readonly texts: ReadonlyMap<string, string> },
): Promise<number> {
  return store.write(async (tx) => {
    let wrong = 0;
    for (const { id, itemId, from, to } of known.archives) {
      const [piece] = await recall(tx, ports, { id, told: true });
      if (piece?.text !== known.texts.get(itemId)?.slice(from, to)) wrong += 1;
    }
    return wrong;
  });
}

test(`${itemsMany} archived items are recalled byte for byte after restore, undo and a move to another store`, async () => {
  let given: ProjectPorts | undefined;
  const wrapPorts = (made: ProjectPorts): ProjectPorts => (given = made);
  await using project = await CaseProject.make({ wrapPorts });
  const { handle } = project;
  if (given === undefined) throw new Error('no ports were made');
  const ports: Ports = { ...(given as ProjectPorts), tokens };
  const { store } = ports;
  await handle.addAgent({ name: 'ada', driver: 'command', settings: { command: ['true'] } });
  await grow(ports);
  const before = await handle.createCheckpoint();
  await handle.flashSave({ agent: 'ada', target: 1 });
  const saved = await handle.createCheckpoint();
  const archives = await store.read((tx) => tx.list('archives'));
  const items = await store.read((tx) => tx.list('context_items'));
  const known = { archives, texts: new Map(items.map(({ id, text }) => [id, text])) };
  expect(new Set(archives.map(({ itemId }) => itemId)).size).toBeGreaterThan(itemsMany * 0.99);

  await handle.restore(before.id);
  await expect(handle.recall({ id: archives[0]?.id ?? '' })).rejects.toMatchObject({
    failure: { code: 'unknown-id' },
  });
  await handle.undo();
  expect(await wronglyRecalled(store, ports, known)).toBe(0);
  const [found] = await handle.recall({ text: 'word777', budget: 1_000 });
  expect(found?.text).toContain('word777\n');

  await handle.restore(saved.id);
  expect(await store.read((tx) => tx.list('archives'))).toEqual(archives);

  const elsewhere = await mkdtemp(join(tmpdir(), 'codeframe-elsewhere-'));
  const other = await openSqliteStore({ path: join(elsewhere, 'state.db'), backupsDir: elsewhere });
  const rows = await rowsFromParts(await ports.checkpoints.open(saved.id));
  await other.write(async (tx) => changeRows(tx, planRows(await readState(tx), rows)));
  expect(await wronglyRecalled(other, ports, known)).toBe(0);
  await other.close();
  await rm(elsewhere, { recursive: true });
});
