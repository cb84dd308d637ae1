import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { withRunOptions } from '../run-options.ts';

/** `codeframe start` */
export function startCommand(run: RunWork): Command {
  const command = describe({
    name: 'start',
    summary: 'Run the agents on the tasks that are ready.',
    paragraph:
      'Takes the project and runs its agents in this process until every task has ended or waits, and prints what they ' +
      'do. Ctrl-C stops after the steps in hand, a second one cuts them; tasks are held and nothing is lost. With ' +
      '--json each event is an object, and the last line holds the summary.',
    examples: ['codeframe start', "codeframe start --detach --allow 'npm test*'"],
    exits: [...projectExits, 4, 8, 9, 130],
  });
  return withRunOptions(command, run, 'start');
}
