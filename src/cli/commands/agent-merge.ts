import type { Command } from 'commander';
import type { AgentMerge } from '../../agent/worktree.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { countWords } from '../quantity-words.ts';

/** `codeframe agent merge NAME` */
export function agentMergeCommand(run: RunWork): Command {
  return describe({
    name: 'agent merge',
    summary: "Merge what is in an agent's worktree.",
    paragraph:
      'Commits all that the agent has in its worktree, on its branch, and merges that into the branch of the project with a real ' +
      'merge: finished work that waits, or what is there of a task that is paused. Your own edits and your index stay as they ' +
      'are. Where something of yours is in the way, or both have changed the same lines, nothing is changed. Refused while a ' +
      'runner owns the project.',
    examples: ['codeframe agent merge writer', 'codeframe agent merge writer --json'],
    exits: [...projectExits, 4],
  })
    .argument('<name>', 'an agent that was added with --isolate')
    .action(
      run(async (session, name: string) => {
        await using project = await session.open();
        const merged = await uninterrupted(session.out, 'The merge is finished first; it is short.', () =>
          project.mergeAgent(name),
        );
        session.out.show(merged, () => [mergeWords(merged)]);
      }),
    );
}

function mergeWords({ agent, branch, merged, into, files }: AgentMerge): string {
  if (!merged) return `The project has all that ${agent} has on ${branch}.`;
  return `Merged ${branch} into ${into}: ${countWords(files, 'file')}.`;
}
