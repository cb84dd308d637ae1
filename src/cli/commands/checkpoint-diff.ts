import type { Command } from 'commander';
import { diffLines } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint diff ID [ID]` */
export function checkpointDiffCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint diff',
    summary: 'Show what differs between a checkpoint and another, or now.',
    paragraph:
      'Lists the paths that were added (A), changed (M), deleted (D), or changed in mode (m) or type (T), and the tasks whose status differs.',
    examples: ['codeframe checkpoint diff latest', 'codeframe checkpoint diff c7k2 c9x4'],
    exits: projectExits,
  })
    .argument('<from>', 'id, start of an id, name, or latest')
    .argument('[to]', 'the same; the files as they are now when left out')
    .action(
      run(async (session, from: string, to: string | undefined) => {
        await using project = await session.open();
        const diff = await project.diff(from, to);
        session.out.show(diff, () => diffLines(diff));
      }),
    );
}
