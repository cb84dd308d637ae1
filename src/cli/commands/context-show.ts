import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { viewLines } from '../context-words.ts';

/** `codeframe context show ID` */
export function contextShowCommand(run: RunWork): Command {
  return describe({
    name: 'context show',
    summary: "Show one item of an agent's memory.",
    paragraph:
      'Shows what the prompt shows of it, and the pieces of it that were archived with the ids that recall them. With --json ' +
      'its whole text is there as well. Looking changes nothing.',
    examples: ['codeframe context show i0abc', 'codeframe context show i0abc --json'],
    exits: projectExits,
  })
    .argument('<id>', "the item's id, or the start of it")
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const view = await project.contextItem(id);
        session.out.show(view, () => viewLines(view));
      }),
    );
}
