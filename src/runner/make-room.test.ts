import { describe, expect, it } from 'vitest';
import { cost } from '../../test/conformance/store-rows.ts';
import { AgentMemory } from '../../test/rig/agent-memory.ts';
import { taskRow } from '../../test/rig/memory-session.ts';
import { sendableProblem } from '../../test/rig/legal.ts';
import { agentRow } from '../../test/rig/memory-session.ts';
import { nextMove } from '../agent/next-move.ts';
import { buildMessages } from '../agent/transcript.ts';
import { promptTokens } from '../context/prompt-tokens.ts';
import { StoreAgentSession } from './agent-session.ts';
import { RoomMaker } from './make-room.ts';
import { StepGate } from './step-gate.ts';

const fence = { ownerId: 'o1', epoch: 1 };
const settings = { off: false, target: 0.4, threshold: 0.8 };

function roomIn(memory: AgentMemory, change: object = {}): RoomMaker {
  const ports = { ...memory.ports, flashSave: { ...settings, ...change } };
  return new RoomMaker(ports, { agent: 'ada', taskId: 1, fence });
}

async function filled(memory: AgentMemory): Promise<number> {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await memory.addRead(`${name}.ts`);
  return promptTokens(await memory.items());
}

const window = (windowTokens: number | null) => ({ model: 'm', windowTokens, besides: '' });

describe('making room in the prompt', () => {
  it('waits until the threshold of the window, then saves, tells the agent, and goes on legally', async () => {
    await using memory = await AgentMemory.create();
    const before = await filled(memory);
    const room = roomIn(memory);
    expect(await room.makeRoom(window(Math.ceil(before / 0.8) + 10))).toBe(false);
    expect(await room.makeRoom(window(Math.floor(before / 0.8)))).toBe(true);
    const items = await memory.items();
    expect(promptTokens(items)).toBeLessThan(before * 0.7);
    expect(items.at(-1)).toMatchObject({ kind: 'user', taskId: 1 });
    expect(items.at(-1)?.text).toMatch(/^\[codeframe\] The conversation was near the model's limit: \d+ % /);
    expect(sendableProblem(buildMessages(items))).toBeNull();
    expect(nextMove(items, 1)).toEqual({ kind: 'ask-model' });
    const [event] = await memory.store.read((tx) =>
      tx.list('events', { where: { type: 'flash-save-done' } }),
    );
    expect(event?.data).toMatchObject({ cause: 'window', agent: 'ada' });
  });

  it('takes more than the target when the window is far too small', async () => {
    await using memory = await AgentMemory.create();
    const before = await filled(memory);
    await roomIn(memory).makeRoom(window(Math.floor(before / 2)));
    expect(promptTokens(await memory.items())).toBeLessThan(before * 0.45);
  });

  it('does not try again and again where nothing more can be freed', async () => {
    await using memory = await AgentMemory.create();
    await filled(memory);
    const room = roomIn(memory);
    await room.makeRoom(window(50));
    const after = await memory.items();
    expect(await room.makeRoom(window(50))).toBe(false);
    expect(await memory.items()).toEqual(after);
  });

  it('does nothing when it is off, or the window is not known; the settings may name one', async () => {
    await using memory = await AgentMemory.create();
    const before = await filled(memory);
    expect(await roomIn(memory, { off: true }).makeRoom(window(50))).toBe(false);
    expect(await roomIn(memory).makeRoom(window(null))).toBe(false);
    expect(await roomIn(memory, { windowTokens: before }).makeRoom(window(null))).toBe(true);
  });

  it('counts as the provider does, once that is known', async () => {
    await using memory = await AgentMemory.create();
    const before = await filled(memory);
    const session = new StoreAgentSession(
      { ...memory.ports, flashSave: settings },
      { agent: agentRow(), task: taskRow(), fence, gate: new StepGate() },
    );
    const step = await session.beginStep({
      kind: 'model',
      name: 'm',
      effect: 'pure',
      intent: { summary: 'ask' },
    });
    const { stepId: _, agent: __, taskId: ___, at: ____, ...spent } = cost({ inputTokens: before * 2 });
    const outcome = { summary: 'said', isError: false };
    await session.endStep(step, { status: 'completed', outcome, cost: spent, besides: '' });
    const [row] = await memory.store.read((tx) => tx.list('model_factors'));
    expect(row).toMatchObject({ model: 'm', method: 'estimate', calls: 1 });
    expect(row?.factor).toBeCloseTo(2);
    expect(await session.makeRoom(window(Math.floor(before * 2.4)))).toBe(true);
  });

  it('goes on without it when the save fails, and says so', async () => {
    await using memory = await AgentMemory.create();
    await filled(memory);
    const count = (text: string): number => {
      if (text.includes('[archived')) throw new Error('cannot count');
      return text.length;
    };
    const ports = { ...memory.ports, tokens: { method: 'estimate', count }, flashSave: settings };
    const room = new RoomMaker(ports, { agent: 'ada', taskId: 1, fence });
    const before = await memory.items();
    expect(await room.makeRoom(window(50))).toBe(false);
    expect(await memory.items()).toEqual(before);
    const events = await memory.store.read((tx) => tx.list('events'));
    expect(events.at(-1)).toMatchObject({ type: 'flash-save-failed', data: { problem: 'cannot count' } });
  });

  it('stops an owner that has lost the project', async () => {
    await using memory = await AgentMemory.create();
    await filled(memory);
    const room = new RoomMaker(
      { ...memory.ports, flashSave: settings },
      { agent: 'ada', taskId: 1, fence: { ownerId: 'o0', epoch: 0 } },
    );
    await expect(room.makeRoom(window(50))).rejects.toMatchObject({ failure: { code: 'stale-owner' } });
  });
});
