import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { openSqliteStore } from '../../src/adapters/store-sqlite/sqlite-store.ts';
import { recall } from '../../src/context/recall.ts';
import { shownText } from '../../src/context/shown-text.ts';
import { AgentMemory } from '../rig/agent-memory.ts';
import { bundleFixture } from '../rig/bundle.ts';

/** Runs the program on a copy of a memory; answers how many steps it made, null when it was killed. */
async function saveIn(dir: string, cause: string, killAt: number): Promise<number | null> {
  const program = await bundleFixture(new URL('./flash-save-program.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, dir, cause, String(killAt)], (error, out, complaint) => {
      if (error === null) resolve(Number(out));
      else if (error.signal === 'SIGKILL') resolve(null);
      else reject(new Error(complaint));
    });
  });
}

/** What an agent is shown, and what is written down of it, without ids that are drawn anew. */
async function stateOf(memory: AgentMemory) {
  const items = await memory.items();
  return {
    shown: items.map(({ kind, text, promptText, tier }) => ({ kind, text, promptText, tier })),
    archives: await memory.archives(),
    events: (await memory.store.read((tx) => tx.list('events'))).map(({ type }) => type),
  };
}

/** Everything archived comes back byte for byte, and a save after the crash works as one before it. */
async function expectRecoverable(memory: AgentMemory): Promise<void> {
  const { store } = memory;
  expect(await (store as Awaited<ReturnType<typeof openSqliteStore>>).check()).toEqual([]);
  await memory.save({ cause: 'asked' }, 0.6);
  const items = new Map((await memory.items()).map((item) => [item.id, item]));
  const archives = await memory.archives();
  expect(archives.length).toBeGreaterThan(2);
  for (const item of items.values()) {
    const out = archives.flatMap(({ itemId, from, to, stub }) =>
      itemId === item.id && stub !== null ? [{ from, to, stub }] : [],
    );
    expect(item.promptText).toBe(shownText(item.text, out));
  }
  const texts = await memory.store.write(async (tx) => {
    const recalled: (string | undefined)[] = [];
    for (const { id } of archives) recalled.push((await recall(tx, memory.ports, { id }))[0]?.text);
    return recalled;
  });
  expect(texts).toEqual(archives.map(({ itemId, from, to }) => items.get(itemId)?.text.slice(from, to)));
}

describe.each(['asked', 'window'])('kill -9 at every step of a save (%s)', (cause) => {
  test('the memory is the old one before the commit and the new one after it, and all is recalled', async () => {
    await using memory = await AgentMemory.create();
    for (const name of ['a.ts', 'b.ts', 'c.ts', 'd.ts']) await memory.addRead(name, 30);
    const before = await stateOf(memory);
    await memory.store.close();
    const copies = await mkdtemp(join(tmpdir(), 'codeframe-save-kills-'));
    try {
      const saveCopy = async (killAt: number) => {
        const dir = join(copies, String(killAt));
        await cp(memory.dir, dir, { recursive: true });
        const steps = await saveIn(dir, cause, killAt);
        const after = await AgentMemory.open(dir);
        const state = await stateOf(after);
        await expectRecoverable(after);
        await after[Symbol.asyncDispose]();
        return { steps, state };
      };
      const whole = await saveCopy(0);
      const steps = whole.steps ?? 0;
      expect(steps).toBeGreaterThan(10);
      expect(whole.state.archives.length).toBeGreaterThan(1);
      for (let at = 1; at <= steps; at += 2) {
        for (const [index, killed] of (await Promise.all([saveCopy(at), saveCopy(at + 1)])).entries()) {
          const step = at + index;
          expect(killed.steps).toBe(step > steps ? steps : null);
          expect(killed.state).toEqual(step < steps ? before : whole.state);
        }
      }
      console.log(`killed at each of ${steps} steps of a save (${cause})`);
    } finally {
      await rm(copies, { recursive: true });
    }
  });
});
