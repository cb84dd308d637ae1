import type { Command } from 'commander';
import { parseTier } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { itemTable } from '../context-words.ts';
import type { Tier } from '../../context/item.ts';

interface ListFlags {
  readonly agent?: string;
  readonly tier?: Tier;
}

/** `codeframe context list` */
export function contextListCommand(run: RunWork): Command {
  return describe({
    name: 'context list',
    summary: "List the items of the agents' memory.",
    paragraph:
      'Shows each item in the order of the memory: its kind, its tier, its importance, how many of its tokens the prompt shows ' +
      'and what it is about.',
    examples: ['codeframe context list --agent writer', 'codeframe context list --tier COLD --json'],
    exits: projectExits,
  })
    .option('--agent <name>', 'of one agent')
    .option('--tier <tier>', 'HOT, WARM or COLD', (text) => parseTier(text, '--tier'))
    .action(
      run(async (session, { agent, tier }: ListFlags) => {
        await using project = await session.open();
        const items = await project.contextItems({
          ...(agent === undefined ? {} : { agent }),
          ...(tier === undefined ? {} : { tier }),
        });
        session.out.showEach(items, () => itemTable(items));
      }),
    );
}
