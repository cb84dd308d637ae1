import { join } from 'node:path';
import { openGitCheckpoints } from '../../src/adapters/checkpoint-git/git-checkpoint-store.ts';
import { openProcesses } from '../../src/adapters/processes/machine-processes.ts';
import { measureData } from '../../src/adapters/project-files/data-sizes.ts';
import { defaultCheckpointSettings } from '../../src/checkpoint/automatic.ts';
import type { TokenCounter } from '../../src/context/tokens.ts';
import type { HeldLease } from '../../src/runner/lease.ts';
import type { RunnerPorts } from '../../src/runner/ports.ts';
import { noSecrets } from '../../src/secret/secrets.ts';
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
      secrets: noSecrets,
      space: openGitCheckpoints({ path: join(bench.dataDir, 'store.git') }),
      measureDisk: async () => measureData(bench.dataDir),
      checkpointSettings: {
        ...defaultCheckpointSettings,
        everyMs: null,
        afterTask: false,
        beforeCommands: [],
      },
      flashSave,
      graceMs: 0,
      guard: () => ({ stop: () => Promise.resolve() }),
      tokens,
    };
    await work({ ports, held: heldLease() });
  });
}

/** The lease of the bench. */
function heldLease(): HeldLease {
  return {
    fence: benchFence,
    lost: new AbortController().signal,
    before: null,
    release: () => Promise.resolve(),
    forget() {},
  };
}
