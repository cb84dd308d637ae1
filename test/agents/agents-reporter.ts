import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { installedOf, missingOf } from './installed.ts';

const agents = ['pi', 'codex', 'claude', 'opencode', 'qwen', 'copilot'] as const;

/** Says which real agents were run, by what was run, and which were not, with the reason: the last lines of a run. */
export default class AgentsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const lines = installedOf(agents).map(
      ({ name, version }) => `${name} ${version}: ${outcome(tests, name)}`,
    );
    const missing = missingOf(agents).map(({ name, why }) => `${name}: NOT RUN: ${why}`);
    const none = lines.length > 0 ? [] : ['NO AGENT OF OTHERS WAS RUN, so nothing here says that they work.'];
    const said = ['== agents of others', ...lines, ...missing, ...none].join('\n');
    process.once('exit', () => console.log(said));
  }
}

/** Of the tests in a suite whose name has the agent's in it. */
function outcome(tests: readonly TestCase[], agent: string): string {
  const states = tests
    .filter(({ parent }) => parent.type === 'suite' && parent.name.split(' ').includes(agent))
    .map((test) => test.result().state);
  const ran = states.filter((state) => state !== 'skipped').length;
  const failed = states.filter((state) => state === 'failed').length;
  if (ran === 0) return 'no test of it was meant';
  return failed === 0 ? `works in ${ran} of ${ran} tests` : `FAILS in ${failed} of ${ran} tests`;
}
