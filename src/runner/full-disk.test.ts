import { describe, expect, it } from 'vitest';
import { agentRow, taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { AgentDriver, RunEnd } from '../agent/driver.ts';
import { statusLines } from '../cli/status-words.ts';
import { CodeframeError } from '../failure.ts';
import { failureWords } from '../failure-words.ts';
import type { RunnerPorts } from './ports.ts';
import { projectStatus } from './project-status.ts';
import { pauseProject } from './request-pause.ts';
import { Runner } from './runner.ts';

/** Ends when it is asked; `begun` resolves when it works. */
function obedientDriver() {
  let began = (): void => {};
  const begun = new Promise<void>((resolve) => (began = resolve));
  let stopping = (): void => {};
  const driver: AgentDriver = {
    name: 'model',
    async check() {},
    begin() {
      began();
      let finish = (): void => {};
      const report = { how: 'between-steps', interruptedStepId: null, durationMs: 0 } as const;
      const ended = new Promise<RunEnd>((resolve) => (finish = () => resolve({ kind: 'stopped', report })));
      const finishStep = (): void => {
        stopping();
        finish();
      };
      return { ended, finishStep, cut: finish, kill: async () => {} };
    },
  };
  return { driver, begun, onStopping: (tell: () => void) => (stopping = tell) };
}

/** Ports whose disk can be full: nothing is written then. */
function fillable(ports: RunnerPorts): { readonly ports: RunnerPorts; isFull: boolean } {
  const disk = { isFull: false, ports };
  const store: RunnerPorts['store'] = {
    read: (work) => ports.store.read(work),
    version: () => ports.store.version(),
    close: () => ports.store.close(),
    async write(work, options) {
      if (disk.isFull) throw new CodeframeError({ code: 'no-space', path: '/data/state.db' });
      return ports.store.write(work, options);
    },
  };
  disk.ports = { ...ports, store };
  return disk;
}

describe('a data disk that is full while agents work', () => {
  it('leaves a project that says so, that is paused once there is room, and in which nothing runs', async () => {
    await withRunnerBench(async ({ ports: given, held }) => {
      const agent = obedientDriver();
      const disk = fillable({ ...given, drivers: new Map([['model', agent.driver]]) });
      const { ports } = disk;
      await ports.store.write(async (tx) => {
        const state = { kind: 'running', since: 0, epoch: 1 } as const;
        await tx.update('project', { key: [ports.project.id], set: { status: 'running', state } });
        const owner = { ...ports.processes.identity(), renewedAt: ports.clock.now() };
        await tx.update('leases', { key: ['runner'], set: owner });
        await tx.insert('agents', { ...agentRow(), status: 'idle' });
        await tx.insert('tasks', { ...taskRow(), status: 'pending', state: { kind: 'pending' } });
      });
      agent.onStopping(() => (disk.isFull = true));
      const running = new Runner(ports, held).run();
      await agent.begun;
      const pausing = pauseProject(ports).catch((error: unknown) => error);
      const failure = await running.catch((error: unknown) => error);
      expect(failure).toMatchObject({
        failure: {
          code: 'pause-failed',
          reason: 'There is no space left for /data/state.db',
          status: 'pausing',
        },
      });
      if (failure instanceof CodeframeError)
        expect(failureWords(failure.failure).hint).toContain('codeframe pause');
      // The process of the runner is gone.
      await given.store.write((tx) => tx.update('leases', { key: ['runner'], set: { pid: 2 ** 22 + 1 } }));
      const status = await projectStatus(ports);
      expect(status.status).toBe('pausing');
      expect(JSON.stringify(statusLines(status))).toContain('`codeframe pause` ends the pause');
      expect(await pausing).toMatchObject({ failure: { code: 'no-space' } });
      disk.isFull = false;
      expect((await pauseProject(ports)).success).toBe(true);
      expect((await projectStatus(ports)).status).toBe('paused');
    });
  });
});
