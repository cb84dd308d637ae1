import type { Command } from 'commander';
import { collect, describe, projectExits, type RunWork } from '../command.ts';
import { runDetached } from '../detached-run.ts';
import { runInForeground, type RunFlags } from '../foreground-run.ts';

/** `codeframe resume` */
export function resumeCommand(run: RunWork): Command {
  return describe({
    name: 'resume',
    summary: 'Go on where a pause or a crash left the project.',
    paragraph:
      'Runs the agents as `codeframe start` does, from the exact step at which they stopped; work that was done to the ' +
      'files meanwhile is kept. Steps whose outcome is not known are repeated only where that is safe, and the agents ' +
      'are told of the others.',
    examples: ['codeframe resume', 'codeframe resume --detach'],
    exits: [...projectExits, 4, 8, 9, 130],
  })
    .option('--detach', 'run in the background, and return once it runs')
    .option(
      '--allow <glob>',
      'a command line that every model agent may run without asking, in this run; may be repeated',
      collect((text) => [text]),
      [],
    )
    .option('--no-progress', 'print only the summary at the end')
    .action(
      run((session, flags: RunFlags) =>
        flags.detach === true
          ? runDetached(session, 'resume', flags)
          : runInForeground(session, 'resume', flags),
      ),
    );
}
