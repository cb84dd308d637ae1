import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe context unpin ID` */
export function contextUnpinCommand(run: RunWork): Command {
  return describe({
    name: 'context unpin',
    summary: 'Let an item be archived again.',
    paragraph: 'The next flash save may take it like any other item.',
    examples: [
      'codeframe context unpin i0abc',
      'codeframe context unpin i0abc && codeframe context explain i0abc',
    ],
    exits: projectExits,
  })
    .argument('<id>', "the item's id, or the start of it")
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const item = await project.pinItem(id, false);
        session.out.show(item, () => [
          `Item ${item.id} of ${item.agent} is not pinned any more; it is ${item.tier}.`,
        ]);
      }),
    );
}
