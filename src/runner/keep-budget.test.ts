import { expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { AgentDriver, AgentRun, Job, RunEnd } from '../agent/driver.ts';
import type { LeaseRow } from '../project/lease.ts';
import { Runner } from './runner.ts';
import type { RunnerPorts } from './ports.ts';

/** One call of a model for so many dollars; null: its price is not known. */
async function spend({ session }: Job, costUsd: number | null): Promise<void> {
  const step = await session.beginStep({
    kind: 'model',
    name: 'm',
    effect: 'pure',
    intent: { summary: 'ask' },
  });
  const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1 };
  const outcome = { summary: 'said', isError: false };
  await session.endStep(step, {
    status: 'completed',
    outcome,
    cost: { model: 'm', recorded: false, ...usage, costUsd },
  });
}

/** An agent that calls its model until it is told to stop, and how often it was begun. */
function spender(prices: readonly (number | null)[]): { readonly driver: AgentDriver; begun: number } {
  const made = { begun: 0 };
  const begin = (job: Job): AgentRun => {
    made.begun += 1;
    let end = (): void => undefined;
    const ended = new Promise<RunEnd>((resolve) => {
      const report = { how: 'finished-step', interruptedStepId: null, durationMs: 0 } as const;
      end = () => resolve({ kind: 'stopped', report });
    });
    void (async () => {
      for (const price of prices) await spend(job, price);
    })();
    return { ended, finishStep: end, cut: end, kill: () => Promise.resolve() };
  };
  return Object.assign(made, { driver: { name: 'model', async check() {}, begin } });
}

async function work(ports: RunnerPorts, lease: LeaseRow): Promise<void> {
  await ports.store.write(async (tx) => {
    // A pause gives it back.
    await tx.update('leases', { key: ['runner'], set: lease });
    const state = { kind: 'running', since: 0, epoch: 1 } as const;
    await tx.update('project', { key: [ports.project.id], set: { status: 'running', state } });
  });
}

it('pauses the project with the call that goes over its budget, and again until more may be spent', async () => {
  await withRunnerBench(async ({ ports: given, held }) => {
    const agent = spender([0.6, null, 0.6]);
    const ports = { ...given, drivers: new Map([['model', agent.driver]]), budgetUsd: 1 };
    await ports.store.write(async (tx) => {
      await tx.insert('agents', { ...agentRow(), status: 'idle' });
      await tx.insert('tasks', { ...taskRow(), status: 'pending', state: { kind: 'pending' } });
    });
    const lease = (await ports.store.read((tx) => tx.get('leases', 'runner')))!;
    await work(ports, lease);
    const summary = await new Runner(ports, held).run();
    expect(summary).toMatchObject({ why: 'paused' });
    expect(summary.pause?.reason).toBe(
      'the budget of $1.00 is spent ($1.20): raise budgetUsd in .codeframe/config.json, then resume',
    );
    expect((await ports.store.read((tx) => tx.list('costs'))).length).toBe(3);
    await work(ports, lease);
    expect(await new Runner(ports, held).run()).toMatchObject({ why: 'paused' });
    expect(agent.begun).toBe(1);
  });
});

it('lets the agents work on when that pause fails, and does not ask again at once', async () => {
  await withRunnerBench(async ({ ports: given, held }) => {
    const agent = spender([1.2]);
    let failures = 0;
    const capture: typeof given.git.capture = async () => {
      failures += 1;
      throw new Error('no space');
    };
    const ports = {
      ...given,
      git: { ...given.git, capture },
      drivers: new Map([['model', agent.driver]]),
      budgetUsd: 1,
    };
    await ports.store.write(async (tx) => {
      await tx.insert('agents', { ...agentRow(), status: 'idle' });
      await tx.insert('tasks', { ...taskRow(), status: 'pending', state: { kind: 'pending' } });
    });
    const lease = (await ports.store.read((tx) => tx.get('leases', 'runner')))!;
    await work(ports, lease);
    const running = new Runner(ports, held).run();
    await expect.poll(() => agent.begun, { timeout: 15_000 }).toBe(2);
    expect(failures).toBe(1);
    await ports.store.write(async (tx) => {
      const state = { kind: 'stopping', since: 0, epoch: 1, graceMs: 0 } as const;
      await tx.update('project', { key: [ports.project.id], set: { status: 'stopping', state } });
    });
    expect(await running).toMatchObject({ why: 'asked' });
  });
});
