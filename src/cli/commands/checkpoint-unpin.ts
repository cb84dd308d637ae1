import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint unpin ID` */
export function checkpointUnpinCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint unpin',
    summary: 'Let a pinned checkpoint be deleted again.',
    paragraph: 'It stays until it is deleted by hand or no rule of a clean-up keeps it.',
    examples: ['codeframe checkpoint unpin before-refactoring', 'codeframe checkpoint unpin c7k2'],
    exits: [...projectExits, 4],
  })
    .argument('<id>', 'id, start of an id, or name')
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const row = await project.retention.pin(id, false);
        session.out.show(row, () => [`Checkpoint ${row.id} is pinned no more.`]);
      }),
    );
}
