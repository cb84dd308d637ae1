import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchFence } from '../../test/rig/restore-bench.ts';
import { taskRow } from '../../test/rig/memory-session.ts';
import { withRunnerBench } from '../../test/rig/runner-bench.ts';
import type { CheckpointSettings } from '../checkpoint/automatic.ts';
import { createCheckpoint } from '../checkpoint/create-checkpoint.ts';
import type { WorkTree } from '../checkpoint/work-tree.ts';
import { CodeframeError } from '../failure.ts';
import { AutomaticCheckpoints } from './automatic-checkpoints.ts';
import type { RunnerPorts } from './ports.ts';
import { projectStatus } from './project-status.ts';
import { StepGate } from './step-gate.ts';

interface Bench {
  readonly ports: RunnerPorts;
  readonly gate: StepGate;
  readonly automatic: AutomaticCheckpoints;
  readonly pass: (ms: number) => void;
  readonly write: (text: string) => void;
  /** Trigger and reason of each, oldest first. */
  readonly made: () => Promise<readonly (readonly [string, string | null])[]>;
}

const settings = { everyMs: 1000, afterTask: true, beforeCommands: ['rm -r*'] };

function withBench(
  change: {
    readonly settings?: Partial<CheckpointSettings>;
    readonly ports?: (ports: RunnerPorts) => RunnerPorts;
  },
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  return withRunnerBench(async (runner) => {
    let passedMs = 0;
    const { clock } = runner.ports;
    const timed = {
      ...runner.ports,
      clock: { ...clock, elapsed: () => clock.elapsed() + passedMs, now: () => clock.now() + passedMs },
      checkpointSettings: { ...runner.ports.checkpointSettings, ...settings, ...change.settings },
    };
    const ports = change.ports?.(timed) ?? timed;
    const gate = new StepGate();
    await work({
      ports,
      gate,
      automatic: new AutomaticCheckpoints(ports, { fence: benchFence, gate }),
      pass: (ms) => (passedMs += ms),
      write: (text) => writeFileSync(join(ports.projectDir, 'file'), text),
      made: async () => {
        const rows = await ports.store.read((tx) => tx.list('checkpoints', { orderBy: 'createdAt' }));
        return rows.map(({ trigger, reason }) => [trigger, reason]);
      },
    });
  });
}

/** These ports, and what each scan was told of the change feed. */
function watchingScans(ports: RunnerPorts): { readonly ports: RunnerPorts; readonly byFeed: unknown[] } {
  const { tree } = ports;
  const byFeed: unknown[] = [];
  const watched: WorkTree = {
    root: tree.root,
    scan: (options) => {
      byFeed.push(options.byFeed === true);
      return tree.scan(options);
    },
    read: (path) => tree.read(path),
    remember: (objects) => tree.remember(objects),
    inspect: (paths) => tree.inspect(paths),
  };
  return { ports: { ...ports, tree: watched }, byFeed };
}

describe('the change feed', () => {
  it('is believed by what the runner makes by itself, and not by what somebody asked for', async () => {
    const byFeed: unknown[] = [];
    const watch = (ports: RunnerPorts): RunnerPorts => {
      const watching = watchingScans(ports);
      byFeed.push(watching.byFeed);
      return watching.ports;
    };
    await withBench({ ports: watch }, async ({ ports, automatic, pass, write }) => {
      write('one');
      pass(1000);
      await automatic.makeDue();
      await createCheckpoint(ports, { trigger: 'manual', createdBy: 'test' });
      await createCheckpoint(ports, { trigger: 'pause', createdBy: 'test' });
    });
    expect(byFeed).toEqual([[true, false, false]]);
  });
});

describe('an automatic checkpoint', () => {
  it('is made when the time is over, and not when nothing has changed since the last', async () => {
    await withBench({}, async ({ automatic, pass, write, made }) => {
      write('one');
      await automatic.makeDue();
      expect(await made()).toEqual([]);
      pass(1000);
      await automatic.makeDue();
      await automatic.makeDue();
      expect(await made()).toEqual([['interval', null]]);
      pass(1000);
      await automatic.makeDue();
      expect(await made()).toHaveLength(1);
      write('two');
      pass(1000);
      await automatic.makeDue();
      expect(await made()).toHaveLength(2);
    });
  });

  it('is made when tasks are done: one for all of them', async () => {
    await withBench({}, async ({ automatic, write, made }) => {
      write('one');
      automatic.taskDone({ ...taskRow(), id: 3, title: 'add a parser' });
      automatic.taskDone({ ...taskRow(), id: 4, title: 'test it' });
      await automatic.makeDue();
      await automatic.makeDue();
      expect(await made()).toEqual([['task-done', 'task 3: add a parser; task 4: test it']]);
    });
  });

  it('is made before a risky command, with what it may destroy, when the files have changed', async () => {
    await withBench({}, async ({ ports, automatic, write, made }) => {
      write('precious');
      await automatic.beforeCommand('ada', 'ls');
      expect(await made()).toEqual([]);
      await automatic.beforeCommand('ada', 'cd . && rm -rf file');
      rmSync(join(ports.projectDir, 'file'));
      expect(await made()).toEqual([['risky-command', 'ada: cd . && rm -rf file']]);
      const [id = ''] = await ports.checkpoints.ids();
      const { manifest } = await ports.checkpoints.open(id);
      expect(manifest).toMatchObject({ trigger: 'risky-command', files: 1 });
      expect(manifest.heldMs).toBeGreaterThanOrEqual(0);
      write('precious');
      await automatic.beforeCommand('ada', 'rm -rf file');
      expect(await made()).toHaveLength(1);
    });
  });

  it('is a consistent cut: no step begins while files are read, and all go on after', async () => {
    const seen: string[] = [];
    const scanning = (ports: RunnerPorts, gate: StepGate): RunnerPorts['tree'] => ({
      root: ports.tree.root,
      remember: (...args) => ports.tree.remember(...args),
      inspect: (...args) => ports.tree.inspect(...args),
      read: (...args) => ports.tree.read(...args),
      async scan(...args) {
        void gate.enter({ kind: 'tool', effect: 'keyed' }).then((leave) => {
          seen.push('step');
          leave();
        });
        const scanned = await ports.tree.scan(...args);
        seen.push('scanned');
        return scanned;
      },
    });
    await withRunnerBench(async ({ ports }) => {
      const gate = new StepGate();
      const timed = {
        ...ports,
        tree: scanning(ports, gate),
        checkpointSettings: { ...ports.checkpointSettings, ...settings },
      };
      const automatic = new AutomaticCheckpoints(timed, { fence: benchFence, gate });
      automatic.taskDone(taskRow());
      await automatic.makeDue();
      (await gate.enter({ kind: 'tool', effect: 'keyed' }))();
      expect(seen).toEqual(['scanned', 'step']);
    });
  });

  it('that fails stops nothing: an event and the status tell it, until the next is made', async () => {
    let isFull = true;
    const full = (ports: RunnerPorts): RunnerPorts => ({
      ...ports,
      git: {
        ...ports.git,
        capture: async () => {
          if (isFull) throw new CodeframeError({ code: 'no-space', path: '/full' });
          return ports.git.capture();
        },
      },
    });
    await withBench({ ports: full }, async ({ ports, gate, automatic, pass, write, made }) => {
      write('one');
      automatic.taskDone(taskRow());
      await automatic.makeDue();
      expect(await made()).toEqual([]);
      const problem = 'There is no space left for /full';
      expect((await projectStatus(ports)).failedCheckpoint).toMatchObject({ trigger: 'task-done', problem });
      (await gate.enter({ kind: 'tool', effect: 'keyed' }))();
      isFull = false;
      pass(1000);
      await automatic.makeDue();
      expect(await made()).toEqual([['interval', null]]);
      expect((await projectStatus(ports)).failedCheckpoint).toBeNull();
    });
  });

  it('is not made while a pause makes its own', async () => {
    await withBench({}, async ({ automatic, write, made }) => {
      write('one');
      await automatic.close();
      automatic.taskDone(taskRow());
      await automatic.makeDue();
      await automatic.beforeCommand('ada', 'rm -rf .');
      expect(await made()).toEqual([]);
      automatic.reopen();
      await automatic.beforeCommand('ada', 'rm -rf .');
      expect(await made()).toHaveLength(1);
    });
  });

  it('is followed by what the config says of the old ones, and of those deleted long ago', async () => {
    const cleanup = { settings: { cleanup: { keep: 2 }, reclaimAfterMs: 5000 } };
    await withBench(cleanup, async ({ ports, automatic, pass, write }) => {
      for (const text of ['one', 'two', 'three', 'four']) {
        write(text);
        pass(1500);
        await automatic.makeDue();
        await automatic.tidied();
      }
      const rows = await ports.store.read((tx) => tx.list('checkpoints', { where: { deletedAt: null } }));
      expect(rows).toHaveLength(2);
      expect(await ports.checkpoints.ids()).toHaveLength(4);
      write('five');
      pass(5000);
      await automatic.makeDue();
      await automatic.tidied();
      expect(await ports.checkpoints.ids()).toHaveLength(3);
    });
  });
});
