import type { Command } from 'commander';
import { manifestLines } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint show ID` */
export function checkpointShowCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint show',
    summary: 'Show what a checkpoint holds, and what it does not.',
    paragraph:
      "Reads the checkpoint's manifest: when, by whom and why, where git was, how many rows, and every path that is " +
      'not covered, with the reason. The id may be cut to 4 characters, be a name, or be `latest`.',
    examples: ['codeframe checkpoint show latest', 'codeframe checkpoint show c7k2 --json'],
    exits: projectExits,
  })
    .argument('<id>', 'id, start of an id, name, or latest')
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const { row, manifest } = await project.checkpoint(id);
        session.out.show({ ...row, manifest }, () => manifestLines(row, manifest));
      }),
    );
}
