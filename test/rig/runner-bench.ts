import { openProcesses } from '../../src/adapters/processes/machine-processes.ts';
import type { TokenCounter } from '../../src/context/tokens.ts';
import type { LeaseRow } from '../../src/project/lease.ts';
import type { HeldLease } from '../../src/runner/lease.ts';
import type { RunnerPorts } from '../../src/runner/ports.ts';
import { benchFence, withRestoreBench } from './restore-bench.ts';

const tokens: TokenCounter = { method: 'length', count: (text) => text.length };

const flashSave = { off: true, target: 0, threshold: 0 };

/** A project with everything that a runner needs, in this process, and its lease held. */
export function withRunnerBench(
  work: (bench: { readonly ports: RunnerPorts; readonly held: HeldLease }) => Promise<void>,
): Promise<void> {
  return withRestoreBench(async (bench) => {
    const ports: RunnerPorts = {
      ...bench.ports,
      project: bench.ports.project,
      projectDir: bench.root,
      drivers: new Map(),
      processes: openProcesses(),
      flashSave,
      graceMs: 0,
      guard: () => ({ stop: () => Promise.resolve() }),
      tokens,
    };
    await work({ ports, held: heldLease(null) });
  });
}

/** The lease of the bench, in the place of an owner that ended without a word, if any. */
export function heldLease(before: LeaseRow | null): HeldLease {
  return {
    fence: benchFence,
    lost: new AbortController().signal,
    before,
    release: () => Promise.resolve(),
    forget() {},
  };
}
