import type { Command } from 'commander';
import { collect, type RunWork } from './command.ts';
import { runDetached } from './detached-run.ts';
import { runInForeground, type RunFlags } from './foreground-run.ts';

/** What start and resume have in common: how the agents are run, and what they may do in this run. */
export function withRunOptions(command: Command, run: RunWork, verb: 'start' | 'resume'): Command {
  return command
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
        flags.detach === true ? runDetached(session, verb, flags) : runInForeground(session, verb, flags),
      ),
    );
}
