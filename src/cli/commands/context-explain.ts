import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { explanationLines } from '../context-words.ts';

/** `codeframe context explain ID` */
export function contextExplainCommand(run: RunWork): Command {
  return describe({
    name: 'context explain',
    summary: 'Explain why an item has its tier.',
    paragraph:
      "Shows each term of its importance: 0.4 for its kind, 0.4 for its age in the agent's own steps, 0.2 for how often it was " +
      'recalled; halved when it is superseded. HOT is from 0.8, WARM from 0.4. Where a rule decides instead, it is named.',
    examples: ['codeframe context explain i0abc', 'codeframe context explain i0abc --json'],
    exits: projectExits,
  })
    .argument('<id>', "the item's id, or the start of it")
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const explanation = await project.explainItem(id);
        session.out.show(explanation, () => explanationLines(explanation));
      }),
    );
}
