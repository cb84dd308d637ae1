import type { Command } from 'commander';
import { parseTaskId } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { taskLines } from '../task-words.ts';

/** `codeframe task show ID` */
export function taskShowCommand(run: RunWork): Command {
  return describe({
    name: 'task show',
    summary: 'Show one task.',
    paragraph:
      'Shows its title, details, status and outcome, and the command that leads on where it waits or failed.',
    examples: ['codeframe task show 3', 'codeframe task show 3 --json'],
    exits: projectExits,
  })
    .argument('<id>', "the task's number", (text) => parseTaskId(text))
    .action(
      run(async (session, id: number) => {
        await using project = await session.open();
        const task = await project.task(id);
        session.out.show(task, () => taskLines(task));
      }),
    );
}
