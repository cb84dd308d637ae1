import type { Command } from 'commander';
import { parseTaskId } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe task cancel ID` */
export function taskCancelCommand(run: RunWork): Command {
  return describe({
    name: 'task cancel',
    summary: 'Cancel a task that has not ended.',
    paragraph:
      'No agent works on it any more, and its open questions are dropped. `codeframe task retry` takes it back.',
    examples: ['codeframe task cancel 3', 'codeframe task cancel 3 --json'],
    exits: [...projectExits, 4],
  })
    .argument('<id>', "the task's number", (text) => parseTaskId(text))
    .action(
      run(async (session, id: number) => {
        await using project = await session.open();
        const task = await project.cancelTask(id);
        session.out.show(task, () => [`Task ${task.id} is ${task.status}.`]);
      }),
    );
}
