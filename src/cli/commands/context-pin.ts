import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe context pin ID` */
export function contextPinCommand(run: RunWork): Command {
  return describe({
    name: 'context pin',
    summary: 'Keep an item whole in the prompt.',
    paragraph:
      'A pinned item is HOT and is never archived. What is archived of it already comes back with `codeframe context recall`.',
    examples: [
      'codeframe context pin i0abc',
      'codeframe context pin i0abc && codeframe context explain i0abc',
    ],
    exits: projectExits,
  })
    .argument('<id>', "the item's id, or the start of it")
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const item = await project.pinItem(id, true);
        session.out.show(item, () => [`Item ${item.id} of ${item.agent} is pinned; it is ${item.tier}.`]);
      }),
    );
}
