import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { statsLines } from '../context-words.ts';

/** `codeframe context stats` */
export function contextStatsCommand(run: RunWork): Command {
  return describe({
    name: 'context stats',
    summary: "Show the agents' memory in figures.",
    paragraph:
      "Shows for each agent how much its prompt holds, in tokens and as a share of its model's window, how that is spread over " +
      'the tiers HOT, WARM and COLD, and what the last flash save did.',
    examples: ['codeframe context stats', 'codeframe context stats --agent writer --json'],
    exits: projectExits,
  })
    .option('--agent <name>', 'of one agent')
    .action(
      run(async (session, flags: { readonly agent?: string }) => {
        await using project = await session.open();
        const stats = await project.contextStats(flags.agent);
        session.out.showEach(stats, () => statsLines(stats));
      }),
    );
}
