import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { withRunOptions } from '../run-options.ts';

/** `codeframe resume` */
export function resumeCommand(run: RunWork): Command {
  const command = describe({
    name: 'resume',
    summary: 'Go on where a pause or a crash left the project.',
    paragraph:
      'Runs the agents as `codeframe start` does, from the exact step at which they stopped; work that was done to the ' +
      'files meanwhile is kept. Steps whose outcome is not known are repeated only where that is safe, and the agents ' +
      'are told of the others.',
    examples: ['codeframe resume', 'codeframe resume --detach'],
    exits: [...projectExits, 4, 8, 9, 130],
  });
  return withRunOptions(command, run, 'resume');
}
