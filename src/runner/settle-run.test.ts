import { describe, expect, it } from 'vitest';
import { step } from '../../test/conformance/store-rows.ts';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { openMemoryStore } from '../adapters/store-memory/memory-store.ts';
import { randomIds } from '../adapters/system/random-ids.ts';
import { systemClock } from '../adapters/system/system-clock.ts';
import type { RunEnd } from '../agent/driver.ts';
import type { Store } from '../store/store.ts';
import type { TaskRow, TaskState } from '../task/task.ts';
import { settleRun } from './settle-run.ts';

const ports = { clock: systemClock, ids: randomIds, actor: 'test' };
const done: RunEnd = { kind: 'done', summary: 'all of it' };
const begun = taskRow();

/** An agent at work on task 1, in the middle of a step. */
async function atWork(state: TaskState = begun.state): Promise<Store> {
  const store = openMemoryStore();
  await store.write(async (tx) => {
    await tx.insert('agents', agentRow());
    await tx.insert('tasks', { ...begun, status: state.kind, state });
    await tx.insert('steps', step({ agent: 'ada', taskId: 1, status: 'started' }));
  });
  return store;
}

async function settled(store: Store, end: RunEnd, task: TaskRow = begun) {
  await store.write((tx) => settleRun(tx, ports, { agent: 'ada', task, end }));
  return store.read(async (tx) => ({
    task: (await tx.get('tasks', 1))?.state.kind,
    agent: (await tx.get('agents', 'ada'))?.status,
    steps: (await tx.list('steps')).map(({ status }) => status),
  }));
}

describe('the end of a run', () => {
  it('is that of its task, and leaves nothing open', async () => {
    expect(await settled(await atWork(), done)).toEqual({
      task: 'done',
      agent: 'idle',
      steps: ['interrupted'],
    });
  });

  it('leaves the agent idle when its task was cancelled meanwhile', async () => {
    const store = await atWork({ kind: 'cancelled', at: 1 });
    expect(await settled(store, done)).toEqual({ task: 'cancelled', agent: 'idle', steps: ['interrupted'] });
  });

  it('changes nothing when the agent is at the same task again', async () => {
    const store = await atWork({ kind: 'running', agent: 'ada', since: 5 });
    expect(await settled(store, done)).toEqual({ task: 'running', agent: 'working', steps: ['started'] });
  });

  it('is the first one that was written', async () => {
    const store = await atWork();
    await settled(store, done);
    const report = { how: 'killed', interruptedStepId: null, durationMs: 1 } as const;
    expect((await settled(store, { kind: 'stopped', report })).task).toBe('done');
    const agent = await store.read((tx) => tx.get('agents', 'ada'));
    expect(agent?.lastStop?.how).toBe('finished-step');
  });
});
