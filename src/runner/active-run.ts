import type { AgentRow } from '../agent/agent.ts';
import type { AgentRun, RunEnd } from '../agent/driver.ts';
import type { TaskRow } from '../task/task.ts';

/** An agent at work, as its runner holds it. */
export interface ActiveRun {
  readonly agent: AgentRow;
  readonly task: TaskRow;
  readonly run: AgentRun;
  /** Resolves when the run has ended and its end is in the store; rejects when it could not be written. */
  readonly settled: Promise<RunEnd>;
  /** Writes an end for a run that did not end by itself; nothing when it has. */
  readonly settleAs: (end: RunEnd) => Promise<void>;
}
