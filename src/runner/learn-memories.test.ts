import { expect, it } from 'vitest';
import { AgentMemory } from '../../test/rig/agent-memory.ts';
import { KnownTexts } from '../context/known-texts.ts';
import { planFlashSave } from '../context/plan-flash-save.ts';
import { MemoryLearner } from './learn-memories.ts';

const going = new AbortController().signal;

async function characters(memory: AgentMemory): Promise<number> {
  return (await memory.items()).reduce((sum, { text }) => sum + text.length, 0);
}

it('knows every text that a memory holds, then what comes', async () => {
  await using memory = await AgentMemory.create();
  for (let file = 0; file < 100; file += 1) await memory.addRead(`file-${file}.ts`);
  const known = new KnownTexts();
  const learner = new MemoryLearner(memory.ports, known);
  await learner.learn(going);
  const before = known.characters;
  expect(before).toBe(await characters(memory));
  await memory.add({ kind: 'user', text: 'words that no other item has' });
  await learner.learn(going);
  expect(known.characters).toBe(before + 28);
  const items = await memory.items();
  const plan = planFlashSave(items, { targetReduction: 0.4, known });
  expect(known.characters).toBe(before + 28);
  expect(plan).toEqual(planFlashSave(items, { targetReduction: 0.4 }));
});

it('stops when it is told to, and a store that cannot be read does it no harm', async () => {
  await using memory = await AgentMemory.create();
  const over = new AbortController();
  let looks = 0;
  const store = { ...memory.ports.store, read: () => Promise.reject(new Error('the disk is gone')) };
  const sleep = async (): Promise<void> => {
    looks += 1;
    if (looks === 3) over.abort();
  };
  const known = new KnownTexts();
  const clock = { ...memory.ports.clock, sleep };
  await new MemoryLearner({ ...memory.ports, store, clock }, known).run(over.signal);
  expect(looks).toBe(3);
  expect(known.characters).toBe(0);
});
