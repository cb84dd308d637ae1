import type { Command } from 'commander';
import { blockerLines } from '../blocker-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe blocker list` */
export function blockerListCommand(run: RunWork): Command {
  return describe({
    name: 'blocker list',
    summary: 'List the questions that wait for a person.',
    paragraph:
      'Shows each open question with its task, its agent and the command that answers it. With --json the answered and dropped ones are in the list as well.',
    examples: ['codeframe blocker list', 'codeframe blocker list --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const blockers = await project.blockers();
      const open = blockers.filter(({ status }) => status === 'open');
      session.out.showEach(blockers, () =>
        open.length === 0 ? ['No question is open.'] : blockerLines(open),
      );
    }),
  );
}
