import type { AgentDriver } from '../../agent/driver.ts';
import type { Processes } from '../../agent/processes.ts';
import type { Clock } from '../../clock.ts';
import { CodeframeError } from '../../failure.ts';
import type { Log, Output } from '../../log.ts';
import { CommandRun } from './command-run.ts';
import { findProgram } from '../find-program.ts';

export interface CommandDriverOptions {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  /** What the programs inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly projectDir: string;
  /** Where an agent's output goes, whole. */
  readonly openOutput: (agent: string) => Output;
}

/**
 * Runs a program for each task: one step, done when it exits with 0. It learns of a pause by SIGTERM; what it does not
 * finish then, it is started for again on resume.
 *
 * Its environment: CODEFRAME_TASK_ID, CODEFRAME_TASK_TITLE, CODEFRAME_TASK_DETAILS, CODEFRAME_AGENT_NAME,
 * CODEFRAME_PROJECT (the directory, in which it runs), and CODEFRAME_INTERRUPTED, the id of the step of the same task
 * that was cut. `{task}` and `{details}` in its arguments are the task's title and details.
 */
export function createCommandDriver(options: CommandDriverOptions): AgentDriver {
  return {
    name: 'command',
    async check(agent) {
      const [program] = agent.settings.command ?? [];
      if (program === undefined) {
        const problem = `agent ${agent.name} has no program; name it behind --`;
        throw new CodeframeError({ code: 'invalid-argument', argument: 'command', problem });
      }
      const { env, projectDir } = options;
      if (findProgram(program, { path: env['PATH'] ?? '', dir: projectDir }) === null)
        throw new CodeframeError({ code: 'missing-program', program, agent: agent.name });
    },
    begin: (job) => new CommandRun(options, job),
  };
}
