import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/rig/longest-first.ts';

// One process for the quick tests; whatever starts real programs gets workers of its own and more time.
export default defineConfig({
  test: {
    reporters: ['default', './test/rig/count-reporter.ts'],
    pool: 'forks',
    setupFiles: ['./test/rig/same-everywhere.ts'],
    // Most tests wait for the programs that they started: one worker leaves half of a small machine idle.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Not what a test takes, but when one hangs for sure: a busy machine is ten times as slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['src/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: { name: 'cli', include: ['test/cli/**/*.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: { name: 'faults', include: ['test/faults/**/*.test.ts'], testTimeout: 900_000 },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 600_000 },
      },
    ],
  },
});
