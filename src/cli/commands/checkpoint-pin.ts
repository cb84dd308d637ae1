import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint pin ID` */
export function checkpointPinCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint pin',
    summary: 'Keep a checkpoint from being deleted.',
    paragraph: 'No rule of a clean-up deletes what is pinned, and `codeframe checkpoint delete` refuses to.',
    examples: ['codeframe checkpoint pin before-refactoring', 'codeframe checkpoint pin latest'],
    exits: [...projectExits, 4],
  })
    .argument('<id>', 'id, start of an id, or name')
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const row = await project.retention.pin(id, true);
        session.out.show(row, () => [`Checkpoint ${row.id} is pinned.`]);
      }),
    );
}
