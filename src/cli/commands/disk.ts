import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { diskLines } from '../retention-words.ts';

/** `codeframe disk` */
export function diskCommand(run: RunWork): Command {
  return describe({
    name: 'disk',
    summary: 'Show what the project takes on the disk, and what could be freed.',
    paragraph:
      "Measures the checkpoints, the database, logs, backups and restores under way, all outside the project's own " +
      'directory. Checkpoints share what is the same in them: of each is shown what only it has, and what it adds to ' +
      'those above it. Changes nothing.',
    examples: ['codeframe disk', 'codeframe disk --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const report = await project.retention.disk();
      session.out.show(report, () => diskLines(report));
    }),
  );
}
