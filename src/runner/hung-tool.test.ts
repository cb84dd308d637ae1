import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { AgentDriver, RunEnd } from '../agent/driver.ts';
import type { RunnerPorts } from './ports.ts';
import { pauseProject } from './request-pause.ts';
import { Runner } from './runner.ts';

const stopped: RunEnd = {
  kind: 'stopped',
  report: { how: 'cut', interruptedStepId: null, durationMs: 0 },
};

/** The deadlines of a pause pass a hundred times as fast. */
function hurried(ports: RunnerPorts): RunnerPorts {
  const { clock } = ports;
  return { ...ports, clock: { ...clock, sleep: (ms, signal) => clock.sleep(ms / 100, signal) } };
}

/** A driver whose first run is inside a tool that hears nothing, until `end`; the next ones end when they are asked. */
function deafDriver() {
  let end = (): void => {};
  let began = (): void => {};
  const isBegun = new Promise<void>((resolve) => (began = resolve));
  const isOver = new Promise<void>((resolve) => (end = resolve));
  let count = 0;
  const driver: AgentDriver = {
    name: 'model',
    async check() {},
    begin({ session }) {
      count += 1;
      if (count > 1) {
        let finish = (): void => {};
        const ended = new Promise<RunEnd>((resolve) => (finish = () => resolve(stopped)));
        return { ended, finishStep: finish, cut: finish, kill: async () => {} };
      }
      const inside = async (): Promise<RunEnd> => {
        const intent = { summary: 'a.ts' };
        const step = await session.beginStep({ kind: 'tool', name: 'write_file', effect: 'keyed', intent });
        began();
        await isOver;
        await session.endStep(step, { status: 'interrupted', outcome: { summary: 'cut', isError: true } });
        return stopped;
      };
      return { ended: inside(), finishStep() {}, cut() {}, kill: async () => {} };
    },
  };
  return { driver, isBegun, end };
}

describe('a tool of this process that does not end', () => {
  it('makes the pause fail, and the project works on: it could still write after the pause', async () => {
    await withRunnerBench(async ({ ports: given, held }) => {
      const deaf = deafDriver();
      const ports = hurried({ ...given, drivers: new Map([['model', deaf.driver]]) });
      await ports.store.write(async (tx) => {
        const state = { kind: 'running', since: 0, epoch: 1 } as const;
        await tx.update('project', { key: [ports.project.id], set: { status: 'running', state } });
        const owner = { ...ports.processes.identity(), renewedAt: ports.clock.now() };
        await tx.update('leases', { key: ['runner'], set: owner });
        await tx.insert('agents', { ...agentRow(), status: 'idle' });
        await tx.insert('tasks', { ...taskRow(), status: 'pending', state: { kind: 'pending' } });
      });
      const running = new Runner(ports, held).run();
      await deaf.isBegun;
      const reason = 'agent ada is inside a tool that does not end, and may still write: write_file a.ts';
      await expect(pauseProject(ports)).rejects.toMatchObject({
        failure: { code: 'pause-failed', reason, status: 'running' },
      });
      const seen = await ports.store.read(async (tx) => ({
        steps: await tx.list('steps'),
        checkpoints: await tx.list('checkpoints'),
        task: await tx.get('tasks', 1),
      }));
      expect(seen.steps).toMatchObject([{ status: 'started' }]);
      expect(seen.checkpoints).toEqual([]);
      expect(seen.task?.status).toBe('running');
      deaf.end();
      expect((await pauseProject(ports)).success).toBe(true);
      expect((await running).why).toBe('paused');
    });
  });
});
