import { describe, expect, it } from 'vitest';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { AgentDriver, AgentRun, RunEnd } from '../agent/driver.ts';
import type { ReadTransaction, Store, WriteTransaction } from '../store/store.ts';
import { readProject } from '../project/change-project.ts';
import type { RunnerPorts } from './ports.ts';
import { OpenProject, type OpenedProject } from './project-handle.ts';
import { pauseProject } from './request-pause.ts';

/** Works until it is told to stop. */
const steady: AgentDriver = {
  name: 'steady',
  async check() {},
  begin(): AgentRun {
    let stop = (): void => {};
    const report = { how: 'between-steps', interruptedStepId: null, durationMs: 0 } as const;
    const ended = new Promise<RunEnd>((resolve) => {
      stop = () => resolve({ kind: 'stopped', report });
    });
    return { ended, finishStep: stop, cut: stop, kill: async () => stop() };
  },
};

interface Opened {
  readonly project: OpenProject;
  readonly ports: RunnerPorts;
  readonly closed: { ports: boolean };
}

const unasked = (): Promise<never> => Promise.reject(new Error('nobody asked for it'));
const noUpkeep: OpenedProject['upkeep'] = {
  openDrill: unasked,
  export: unasked,
  openRemote: unasked,
  checkDatabase: unasked,
  leftovers: unasked,
  removeLeftovers: unasked,
  keptIds: unasked,
  transfer: {
    pack: unasked,
    unpack: unasked,
    remote: () => ({ list: unasked, push: unasked, fetch: unasked }),
  },
};

/** `beforeWrite` is called before each write that comes through the handle. */
function withProject(
  work: (opened: Opened) => Promise<void>,
  beforeWrite: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  return withRunnerBench(async ({ ports }) => {
    await ports.store.write((tx) => tx.update('leases', { key: ['runner'], set: { ownerId: null } }));
    const drivers = new Map([['steady', steady]]);
    const { store } = ports;
    const watched: Store = {
      read: <T>(read: (tx: ReadTransaction) => Promise<T>) => store.read(read),
      write: async <T>(write: (tx: WriteTransaction) => Promise<T>, options = {}) => {
        await beforeWrite();
        return store.write(write, options);
      },
      version: () => store.version(),
      close: () => store.close(),
    };
    const closed = { ports: false };
    const project = new OpenProject({
      ports: { ...ports, drivers, store: watched },
      name: 'bench',
      dataDir: ports.projectDir,
      loadRunner: async () => ({ ...ports, drivers }),
      loadWindows: async () => () => null,
      audit: () => Promise.reject(new Error('nobody asked for an audit')),
      upkeep: noUpkeep,
      permissions: {
        config: { allow: [] },
        memory: { read: () => ({ lines: [], confirmed: [], agents: [] }), change: () => undefined },
      },
      closePorts: async () => void (closed.ports = true),
    });
    await work({ project, ports: { ...ports, drivers }, closed });
  });
}

describe('an open project', () => {
  it('is paused also when who asked cannot be told how it goes', async () => {
    await withProject(async ({ project }) => {
      const onProgress = (): never => {
        throw new Error('nobody reads');
      };
      expect((await project.pause({ onProgress })).success).toBe(true);
      await project.close();
    });
  });

  it('closes when somebody else pauses it at that moment', async () => {
    let pause: (() => Promise<void>) | undefined;
    await withProject(
      async ({ project, ports, closed }) => {
        await project.addAgent({ name: 'ada', driver: 'steady' });
        await project.addTask({ title: 'work' });
        const run = await project.start();
        const asked: Promise<unknown>[] = [];
        pause = async () => {
          pause = undefined;
          asked.push(pauseProject(ports));
          const isRunning = async () =>
            (await ports.store.read((tx) => readProject(tx, ports.project.id))).status === 'running';
          while (await isRunning()) await new Promise((resolve) => setImmediate(resolve));
        };
        await project.close();
        expect(closed.ports).toBe(true);
        expect((await run.ended).why).toBe('paused');
        await Promise.all(asked);
      },
      async () => pause?.(),
    );
  });
});
