import type { Command } from 'commander';
import { checkpointTable } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint list` */
export function checkpointListCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint list',
    summary: 'List the checkpoints, newest first.',
    paragraph:
      'Shows each with why it was made: by a pause, by hand, or as the safety copy before a restore.',
    examples: ['codeframe checkpoint list', 'codeframe checkpoint list --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const rows = await project.checkpoints();
      session.out.showEach(rows, () => checkpointTable(rows));
    }),
  );
}
