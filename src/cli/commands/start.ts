import type { Command } from 'commander';
import { collect, describe, projectExits, type RunWork } from '../command.ts';
import { runDetached } from '../detached-run.ts';
import { runInForeground, type RunFlags } from '../foreground-run.ts';

/** `codeframe start` */
export function startCommand(run: RunWork): Command {
  return describe({
    name: 'start',
    summary: 'Run the agents on the tasks that are ready.',
    paragraph:
      'Takes the project and runs its agents in this process until every task has ended or waits, and prints what they ' +
      'do. Ctrl-C stops after the steps in hand, a second one cuts them; tasks are held and nothing is lost. With ' +
      '--json each event is an object, and the last line holds the summary.',
    examples: ['codeframe start', "codeframe start --detach --allow 'npm test*'"],
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
          ? runDetached(session, 'start', flags)
          : runInForeground(session, 'start', flags),
      ),
    );
}
