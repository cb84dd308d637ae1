import { afterEach, describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { ProcessRig, runs } from '../../test/rig/processes.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import { agentMarker } from '../agent/processes.ts';
import type { AgentDriver, AgentRun, RunEnd } from '../agent/driver.ts';
import { CodeframeError } from '../failure.ts';
import { Runner } from './runner.ts';

const rig = new ProcessRig();
afterEach(() => rig.end([]));

describe('a runner that has lost its project', () => {
  it('ends what it started and nothing of the new owner', async () => {
    await withRunnerBench(async ({ ports, held }) => {
      const project = { ...ports.project, id: `plost${process.pid}` };
      const lost = new AbortController();
      let began = (): void => {};
      const beginning = new Promise<void>((resolve) => (began = resolve));
      const own = { pid: 0 };
      const driver: AgentDriver = {
        name: 'model',
        async check() {},
        begin({ marker }): AgentRun {
          own.pid = rig.sh('exec sleep 1000', { CODEFRAME_AGENT: marker }).pid ?? 0;
          began();
          const ended = new Promise<RunEnd>(() => undefined);
          return { ended, finishStep() {}, cut() {}, kill: () => Promise.resolve() };
        },
      };
      const others = rig.sh('exec sleep 1000', { CODEFRAME_AGENT: agentMarker(project.id, 'ada', 'o2') });
      await ports.store.write(async (tx) => {
        const state = { kind: 'running', since: 0, epoch: 1 } as const;
        const { name, id } = project;
        await tx.insert('project', { id, name, status: 'running', state, createdAt: 0 });
        await tx.insert('agents', { ...agentRow(), status: 'idle' });
        await tx.insert('tasks', { ...taskRow(), status: 'pending', state: { kind: 'pending' } });
      });
      const drivers = new Map([['model', driver]]);
      const running = new Runner({ ...ports, project, drivers }, { ...held, lost: lost.signal }).run();
      running.catch(() => undefined);
      await beginning;
      lost.abort(new CodeframeError({ code: 'stale-owner', epoch: 1, currentEpoch: 2 }));
      await expect(running).rejects.toThrow('stale-owner');
      expect(runs(own.pid)).toBe(false);
      expect(runs(others.pid ?? 0)).toBe(true);
    });
  });
});

describe('a run of which the last task ends while the checkpoint of another is made', () => {
  it('is completed: nothing is decided by what was seen before', async () => {
    await withRunnerBench(async ({ ports: given, held }) => {
      let endLast = (): void => {};
      const last = new Promise<RunEnd>((resolve) => (endLast = () => resolve({ kind: 'done', summary: '' })));
      const driver: AgentDriver = {
        name: 'model',
        async check() {},
        begin({ agent }): AgentRun {
          const first = Promise.resolve<RunEnd>({ kind: 'done', summary: '' });
          const ended = agent.name === 'ada' ? first : last;
          return { ended, finishStep() {}, cut() {}, kill: () => Promise.resolve() };
        },
      };
      const capture: typeof given.git.capture = async () => {
        endLast();
        while ((await given.store.read((tx) => tx.count('tasks', { status: 'done' }))) < 2)
          await new Promise((resolve) => setImmediate(resolve));
        return given.git.capture();
      };
      const ports = {
        ...given,
        git: { ...given.git, capture },
        drivers: new Map([['model', driver]]),
        checkpointSettings: { ...given.checkpointSettings, afterTask: true },
      };
      await ports.store.write(async (tx) => {
        const state = { kind: 'running', since: 0, epoch: 1 } as const;
        await tx.update('project', { key: [ports.project.id], set: { status: 'running', state } });
        for (const [id, name] of [
          [1, 'ada'],
          [2, 'bob'],
        ] as const) {
          await tx.insert('agents', { ...agentRow(), name, status: 'idle' });
          const pending = { agent: name, status: 'pending', state: { kind: 'pending' } } as const;
          await tx.insert('tasks', { ...taskRow(id), ...pending });
        }
      });
      expect(await new Runner(ports, held).run()).toMatchObject({ why: 'completed', done: 2 });
      const made = await ports.store.read((tx) => tx.list('checkpoints'));
      expect(made.map(({ trigger }) => trigger)).toEqual(['task-done', 'task-done']);
    });
  });
});
