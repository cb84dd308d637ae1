import { describe, expect, it } from 'vitest';
import { changeRows, planRows, readState } from '../../src/checkpoint/change-rows.ts';
import { AgentMemory, fileText } from '../rig/agent-memory.ts';
import { newItemRow } from '../../src/context/new-item.ts';
import { recall } from '../../src/context/recall.ts';

const itemsMany = 12_000;

/** A memory of 12,000 results, each of its own words, some with what is awkward to cut. */
async function grow(memory: AgentMemory): Promise<void> {
  await memory.store.write(async (tx) => {
    for (let n = 1; n <= itemsMany; n += 1) {
      const odd = n % 3 === 0 ? '\u{1F600} 漢字 \u0000 "quoted"\r\n' : '';
      const text = `result ${n} of word${n}\n${odd}${fileText(`f${n}.ts`, 4)}`;
      const place = { agent: 'ada', taskId: 1, stepId: null, seq: n + 1, step: n };
      await tx.insert(
        'context_items',
        newItemRow(memory.ports, { item: { kind: 'result', text, tool: 'run' }, place }),
      );
    }
    await tx.update('agents', { key: ['ada'], set: { stepCount: itemsMany } });
  });
  memory.step = itemsMany;
  memory.at += 1_000;
}

describe('12,000 archived items', () => {
  it('are recalled byte for byte, by id and by words, also after a restore and its undo', async () => {
    await using memory = await AgentMemory.create();
    await grow(memory);
    const before = await memory.store.read(readState);
    await memory.save({ cause: 'asked' }, 1);
    const archives = await memory.archives();
    const texts = new Map((await memory.items()).map(({ id, text }) => [id, text]));
    expect(new Set(archives.map(({ itemId }) => itemId)).size).toBeGreaterThan(itemsMany * 0.99);

    const saved = await memory.store.read(readState);
    const put = (wanted: typeof saved) =>
      memory.store.write(async (tx) => changeRows(tx, planRows(await readState(tx), wanted)));
    await put(before);
    expect(await memory.recall({ id: archives[0]?.id ?? '' })).toEqual([]);
    await put(saved);

    const [found] = await memory.recall({ text: 'word7777', budget: 1_000 });
    expect(found?.text).toContain('word7777\n');
    // In one transaction: each of its own would wait for the disk 12,000 times.
    const wrong = await memory.store.write(async (tx) => {
      let count = 0;
      for (const { id, itemId, from, to } of archives) {
        const [piece] = await recall(tx, memory.ports, { id });
        if (piece?.text !== texts.get(itemId)?.slice(from, to) || piece?.wholeTokens !== null) count += 1;
      }
      return count;
    });
    expect(wrong).toBe(0);
    const shown = (await memory.items()).filter(({ promptText }) => promptText !== null);
    expect(shown).toEqual([]);
  });
});
