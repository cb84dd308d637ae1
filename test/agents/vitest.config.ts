import { defineConfig } from 'vitest/config';

// Drives real coding agents (`npm run agents:install`); not part of `npm run check`. One file at a time: they are big.
export default defineConfig({
  test: {
    name: 'agents',
    include: ['test/agents/**/*.test.ts'],
    reporters: ['default', './test/agents/agents-reporter.ts'],
    tags: [{ name: 'ci', description: 'what .ci/run runs: the shortest that shows an agent to work' }],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 1_200_000,
  },
});
