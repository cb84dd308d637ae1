import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, in that order, with the seconds that each took on two cores: one that is begun last keeps one
 * core busy alone. Nothing hangs on the figures but the order.
 */
const seconds: Readonly<Record<string, number>> = {
  'test/faults/random-kills.test.ts': 384,
  'test/faults/pause-kills.test.ts': 204,
  'test/cli/transcript.test.ts': 81,
  'test/faults/merge-kills.test.ts': 46,
  'test/faults/restore-kills.test.ts': 43,
  'test/cli/interrupt.test.ts': 42,
  'test/faults/restore-kinds-kills.test.ts': 35,
  'test/faults/moving-kills.test.ts': 35,
  'test/faults/stopped-owner.test.ts': 34,
  'test/e2e/worktrees.test.ts': 30,
  'test/faults/random-trees.test.ts': 30,
  'test/faults/capture-kills.test.ts': 18,
  'test/conformance/model-providers.test.ts': 17,
  'test/faults/cases/git-state.test.ts': 17,
  'test/faults/store-kill.test.ts': 16,
  'test/faults/reclaim-kills.test.ts': 15,
};

/** Starts the long files first; of the others, whatever vitest thinks best. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => this.#secondsOf(b) - this.#secondsOf(a));
  }

  #secondsOf({ moduleId }: TestSpecification): number {
    const path = moduleId.slice(this.ctx.config.root.length + 1);
    return seconds[path] ?? 0;
  }
}
