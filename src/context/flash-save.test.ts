import { describe, expect, it } from 'vitest';
import { cost } from '../../test/conformance/store-rows.ts';
import { AgentMemory, fileText } from '../../test/rig/agent-memory.ts';
import { promptTokens } from './prompt-tokens.ts';
import { shownText } from './shown-text.ts';

/** Every row that says a piece is out agrees with what the prompt shows, and every piece ever archived is there. */
async function expectSound(memory: AgentMemory): Promise<void> {
  const archives = await memory.archives();
  for (const item of await memory.items()) {
    const out = archives.flatMap((row) =>
      row.itemId === item.id && row.stub !== null ? [{ from: row.from, to: row.to, stub: row.stub }] : [],
    );
    expect(item.promptText).toBe(shownText(item.text, out));
    expect(item.promptTokens).toBe(memory.ports.tokens.count(item.promptText ?? item.text));
  }
}

async function readFiles(memory: AgentMemory, names: readonly string[]): Promise<void> {
  for (const name of names) await memory.addRead(name);
}

const someFiles = ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'e.ts', 'f.ts'];

describe('a flash save', () => {
  it('frees about what it is asked to, and says so', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    const before = promptTokens(await memory.items());
    const saved = await memory.save();
    expect(saved.tokensBefore).toBe(before);
    expect(saved.tokensAfter).toBe(promptTokens(await memory.items()));
    expect(saved.tokensAfter / before).toBeLessThan(0.66);
    expect(saved.itemsArchived).toBeGreaterThan(0);
    await expectSound(memory);
    const events = await memory.store.read((tx) => tx.list('events'));
    expect(events.at(-1)).toMatchObject({ type: 'flash-save-done', data: { ...saved, cause: 'pause' } });
  });

  it('is planned again from the whole texts: what was archived keeps its id, and is never dropped', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const first = await memory.archives();
    await readFiles(memory, ['g.ts', 'h.ts', 'i.ts', 'j.ts', 'k.ts']);
    await memory.save({ pauseId: 'z2' });
    await expectSound(memory);
    const second = new Map((await memory.archives()).map((row) => [row.id, row]));
    for (const { id, itemId, from, to, sha256 } of first)
      expect(second.get(id)).toMatchObject({ itemId, from, to, sha256 });
    const ranges = [...second.values()].map(({ itemId, from, to }) => `${itemId} ${from} ${to}`);
    expect(new Set(ranges).size).toBe(ranges.length);
    for (const { id, itemId, from, to } of second.values()) {
      const item = (await memory.items()).find((one) => one.id === itemId);
      expect((await memory.recall({ id }))[0]?.text).toBe(item?.text.slice(from, to));
    }
  });

  it('lets pieces of an item that was cut before leave as well', async () => {
    await using memory = await AgentMemory.create();
    await memory.addRead('large.ts', 400);
    await readFiles(memory, ['x.ts', 'y.ts']);
    await memory.save({ cause: 'asked' }, 0.3);
    const once = (await memory.items()).find(({ path }) => path === 'large.ts')?.promptTokens ?? 0;
    await memory.save({ cause: 'asked' }, 0.6);
    const twice = (await memory.items()).find(({ path }) => path === 'large.ts')?.promptTokens ?? 0;
    expect(twice).toBeLessThan(once);
    await expectSound(memory);
  });

  it('does not wear the memory away when pauses follow each other', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    const first = await memory.save();
    const shown = (await memory.items()).map(({ promptText }) => promptText);
    const again = await memory.save({ pauseId: 'z2' });
    expect(again).toMatchObject({
      tokensBefore: first.tokensAfter,
      tokensAfter: first.tokensAfter,
      itemsArchived: 0,
    });
    expect((await memory.items()).map(({ promptText }) => promptText)).toEqual(shown);
  });

  it('leaves what is pinned whole, and the whole memory when it is off', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    expect(await memory.save({ settings: { off: true, target: 0.4, threshold: 0.8 } })).toMatchObject({
      itemsArchived: 0,
    });
    const [pinned] = (await memory.items()).filter(({ path }) => path === 'a.ts');
    await memory.store.write((tx) =>
      tx.update('context_items', { key: ['ada', pinned?.seq ?? 0], set: { pinned: true } }),
    );
    await memory.save({}, 0.8);
    const items = await memory.items();
    expect(items.find(({ path }) => path === 'a.ts')).toMatchObject({ promptText: null, tier: 'HOT' });
    expect(items.filter(({ promptText }) => promptText !== null).length).toBeGreaterThan(2);
  });

  it('never makes a prompt longer, and changes nothing where it would', async () => {
    await using memory = await AgentMemory.create();
    await memory.addCall({ tool: 'run', input: { command: 'ls' } }, 'one two three');
    const before = await memory.items();
    const tell = { taskId: 1, item: () => ({ kind: 'user' as const, text: 'a word on it '.repeat(20) }) };
    const saved = await memory.save({ tell }, 0.9);
    expect(saved.tokensAfter).toBe(saved.tokensBefore);
    const shown = (await memory.items()).map(({ text, promptText }) => [text, promptText]);
    expect(shown).toEqual(before.map(({ text, promptText }) => [text, promptText]));
  });

  it('asked again for more than there is, frees no less than before and says what was reached', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    const first = await memory.save({ cause: 'asked' }, 1);
    const again = await memory.save({ cause: 'asked' }, 1);
    expect(again.tokensAfter).toBeLessThanOrEqual(first.tokensAfter);
    expect(again.unreached).toMatch(/^\d+ % of the 100 % asked for were reached: /);
    await expectSound(memory);
  });

  it('tells the agent at the end of its memory, and counts those words', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    const tell = {
      taskId: 1,
      item: ({ itemsArchived }: { itemsArchived: number }) => ({
        kind: 'user' as const,
        text: `${itemsArchived} items`,
      }),
    };
    const saved = await memory.save({ cause: 'window', tell });
    const items = await memory.items();
    expect(items.at(-1)).toMatchObject({ kind: 'user', taskId: 1, text: `${saved.itemsArchived} items` });
    expect(promptTokens(items)).toBe(saved.tokensAfter);
  });

  it('gives a piece another id when another piece has the one that it was to get', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const [row] = await memory.archives();
    if (row === undefined) throw new Error('nothing was archived');
    // As if another item's piece had had this id first.
    await memory.store.write(async (tx) => {
      await tx.delete('archives');
      await tx.insert('archives', { ...row, itemId: 'other', stub: null });
      for (const item of await tx.list('context_items'))
        await tx.update('context_items', {
          key: [item.agent, item.seq],
          set: { promptText: null, promptTokens: item.tokens },
        });
    });
    await memory.save({ cause: 'asked' });
    await expectSound(memory);
    const renamed = (await memory.archives()).find(({ id }) => id === `${row.id}-2`);
    expect(renamed).toMatchObject({ itemId: row.itemId, from: row.from, to: row.to });
    expect(renamed?.stub?.startsWith(`[archived ${row.id}-2`)).toBe(true);
  });

  it('says when the provider still had the prompt in its cache', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    const spend = (stepId: string, cacheReadTokens: number) =>
      memory.store.write((tx) => tx.insert('costs', cost({ stepId, cacheReadTokens, at: memory.at })));
    await spend('s1', 900);
    memory.at += 4 * 60_000;
    expect((await memory.save()).cacheWarm).toBe(true);
    memory.at += 2 * 60_000;
    expect((await memory.save()).cacheWarm).toBe(false);
    await spend('s2', 0);
    expect((await memory.save()).cacheWarm).toBe(false);
  });

  it('is planned anew when something was pinned meanwhile', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    let pinned = false;
    const store = memory.store;
    const moved = {
      ...memory.ports,
      store: {
        read: store.read.bind(store),
        version: store.version.bind(store),
        close: store.close.bind(store),
        write: async (...args: Parameters<typeof store.write>) => {
          if (!pinned) {
            pinned = true;
            await store.write(async (tx) => {
              for (const item of await tx.list('context_items', { where: { path: 'a.ts' } }))
                await tx.update('context_items', { key: ['ada', item.seq], set: { pinned: true } });
            });
          }
          return store.write(...args);
        },
      },
    };
    const { flashSave } = await import('./flash-save.ts');
    const settings = { off: false, target: 0.8, threshold: 0.8 };
    const fence = { ownerId: 'o1', epoch: 1 };
    await flashSave(moved as typeof memory.ports, {
      agent: 'ada',
      settings,
      fence,
      cause: 'asked',
      pauseId: null,
    });
    await expectSound(memory);
    expect((await memory.items()).find(({ path }) => path === 'a.ts')?.promptText).toBeNull();
  });
});

describe('bad input', () => {
  /** Each kind of it, between what is ordinary. */
  async function badMemory(memory: AgentMemory, unbroken: number): Promise<void> {
    await readFiles(memory, ['a.ts', 'b.ts']);
    await memory.add({ kind: 'result', tool: 'run', callId: 'nobody', text: fileText('orphan', 40) });
    await memory.add({ kind: 'result', tool: 'run', text: `${'\ud800 lone \udc00\n'.repeat(300)}end` });
    await memory.add({ kind: 'call', tool: 'run', callId: 'twice', text: 'not json', input: null });
    memory.at -= 3_600_000;
    await memory.add({ kind: 'result', tool: 'run', callId: 'twice', text: fileText('early', 30) });
    await memory.add({ kind: 'result', tool: 'run', callId: 'twice', text: fileText('late', 30) });
    await memory.add({ kind: 'result', tool: 'run', text: 'ab\u{1F600}'.repeat(unbroken) });
    await memory.add({ kind: 'result', tool: 'run', text: '' });
    await readFiles(memory, ['c.ts', 'd.ts']);
  }

  it.each([0, 1, 2, -1, Number.NaN])(
    'a target of %s on a memory of all that is odd: no exception, and nothing is lost',
    async (target) => {
      await using memory = await AgentMemory.create();
      // 5 MB take a second to count: once.
      await badMemory(memory, target === 1 ? 1_250_000 : 5_000);
      const texts = new Map((await memory.items()).map(({ id, text }) => [id, text]));
      const saved = await memory.save({ cause: 'asked' }, target);
      expect(saved.tokensAfter).toBeLessThanOrEqual(saved.tokensBefore);
      if (target === 1) expect(saved.tokensAfter / saved.tokensBefore).toBeLessThan(0.02);
      if (target === 2) expect(saved.unreached).toMatch(/of the 200 % asked for were reached: \d+ % of the/);
      if (!(target > 0)) expect(saved.itemsArchived).toBe(0);
      await expectSound(memory);
      expect(new Map((await memory.items()).map(({ id, text }) => [id, text]))).toEqual(texts);
      for (const { id, itemId, from, to } of await memory.archives())
        expect((await memory.recall({ id }))[0]?.text).toBe(texts.get(itemId)?.slice(from, to));
    },
  );

  it('pins that are larger than the target allows stay, and it is said what could be reached', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    for (const { seq, path } of await memory.items())
      if (path !== 'a.ts')
        await memory.store.write((tx) =>
          tx.update('context_items', { key: ['ada', seq], set: { pinned: true } }),
        );
    const saved = await memory.save({ cause: 'asked' }, 0.9);
    expect(saved.unreached).toMatch(
      /^\d+ % of the 90 % asked for were reached: 8\d % of the prompt is never/,
    );
    expect((await memory.items()).filter(({ promptText }) => promptText !== null).length).toBeLessThanOrEqual(
      1,
    );
    await expectSound(memory);
  });
});

describe('a recall', () => {
  it('brings a piece back byte for byte, shows it in its place again, and makes its item HOT', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const row = (await memory.archives()).find(({ stub }) => stub !== null);
    if (row === undefined) throw new Error('nothing was archived');
    const before = (await memory.items()).find(({ id }) => id === row.itemId);
    const [piece] = await memory.recall({ id: row.id, agent: 'ada' });
    expect(piece).toMatchObject({
      archiveId: row.id,
      itemId: row.itemId,
      path: before?.path,
      wholeTokens: null,
    });
    expect(piece?.text).toBe(before?.text.slice(row.from, row.to));
    const after = (await memory.items()).find(({ id }) => id === row.itemId);
    expect(after).toMatchObject({ tier: 'HOT', accessCount: 1, lastUsedStep: memory.step });
    expect(after?.promptText ?? after?.text).toContain(piece?.text);
    expect(after?.promptTokens).toBeGreaterThan(before?.promptTokens ?? 0);
    await expectSound(memory);
  });

  it('holds the piece in the prompt through the next save, and not for ever', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const row = (await memory.archives()).find(({ stub }) => stub !== null);
    await memory.recall({ id: row?.id ?? '' });
    const isOutNow = async () => {
      const rows = (await memory.archives()).filter(
        ({ itemId, stub }) => itemId === row?.itemId && stub !== null,
      );
      return rows.some(({ from, to }) => from < (row?.to ?? 0) && (row?.from ?? 0) < to);
    };
    await readFiles(memory, ['g.ts', 'h.ts']);
    await memory.save({ cause: 'asked' }, 0.7);
    expect(await isOutNow()).toBe(false);
    await readFiles(memory, ['i.ts', 'j.ts', 'k.ts', 'l.ts', 'm.ts']);
    await memory.save({ cause: 'asked' }, 0.7);
    expect(await isOutNow()).toBe(true);
    await expectSound(memory);
  });

  it('leaves the prompt as it is when the answer itself goes into it, and the answer stays through the next save', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const row = (await memory.archives()).find(({ stub }) => stub !== null);
    const before = await memory.items();
    const [piece] = await memory.recall({ id: row?.id ?? '', told: true });
    const of = (items: typeof before) => items.find(({ id }) => id === row?.itemId);
    const now = of(await memory.items());
    expect(now).toMatchObject({ promptText: of(before)?.promptText, tier: 'HOT', accessCount: 1 });
    expect((await memory.archives()).find(({ id }) => id === row?.id)?.recalledAt).toBe(memory.at);
    await memory.addCall({ tool: 'recall', input: { id: row?.id } }, piece?.text ?? '');
    await readFiles(memory, ['g.ts', 'h.ts']);
    await memory.save({ cause: 'asked' }, 0.6);
    const shown = (await memory.items()).map(({ text, promptText }) => promptText ?? text).join('\n');
    expect(shown.split(piece?.text.trim() ?? '').length - 1).toBe(1);
    await expectSound(memory);
  });

  it('finds pieces by their words, the best first, within its budget', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.addCall(
      { tool: 'run', input: { command: 'make' } },
      `${fileText('log', 40)}Error: the quince jam overflowed\n${fileText('more', 40)}`,
    );
    await readFiles(memory, ['g.ts', 'h.ts']);
    await memory.save({}, 0.85);
    const found = await memory.recall({ text: 'quince jam', budget: 500, agent: 'ada' });
    expect(found[0]?.text).toContain('the quince jam overflowed');
    const tokens = found.reduce((sum, { text }) => sum + memory.ports.tokens.count(text), 0);
    expect(tokens).toBeLessThanOrEqual(500);
    expect((await memory.recall({ text: 'quince marmalade', budget: 300 })).length).toBeGreaterThan(0);
    expect(await memory.recall({ text: 'pineapple', budget: 300 })).toEqual([]);
    expect(await memory.recall({ text: '?!', budget: 300 })).toEqual([]);
    await expectSound(memory);
  });

  it('gives a part of a piece that is over the budget, and says how much there is', async () => {
    await using memory = await AgentMemory.create();
    await memory.addRead('long.ts', 500);
    await readFiles(memory, someFiles);
    await memory.save({}, 0.8);
    const rows = (await memory.archives()).toSorted((a, b) => b.to - b.from - (a.to - a.from));
    const id = rows[0]?.id ?? '';
    const [part] = await memory.recall({ id, budget: 100 });
    const [whole] = await memory.recall({ id });
    expect(memory.ports.tokens.count(part?.text ?? '')).toBeLessThanOrEqual(100);
    expect(whole?.text.startsWith(part?.text ?? '-')).toBe(true);
    expect(part?.wholeTokens).toBe(memory.ports.tokens.count(whole?.text ?? ''));
  });

  it('answers nothing for an id that is not known, or of another agent', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    expect(await memory.recall({ id: 'nothing' })).toEqual([]);
    expect(await memory.recall({ id: (await memory.archives())[0]?.id ?? '', agent: 'bob' })).toEqual([]);
  });

  it('refuses a piece that is not what was archived', async () => {
    await using memory = await AgentMemory.create();
    await readFiles(memory, someFiles);
    await memory.save();
    const [row] = await memory.archives();
    const item = (await memory.items()).find(({ id }) => id === row?.itemId);
    await memory.store.write((tx) =>
      tx.update('context_items', {
        key: ['ada', item?.seq ?? 0],
        set: { text: (item?.text ?? '').replaceAll('e', 'E') },
      }),
    );
    await expect(memory.recall({ id: row?.id ?? '' })).rejects.toMatchObject({
      failure: { code: 'corrupt-database' },
    });
  });
});
