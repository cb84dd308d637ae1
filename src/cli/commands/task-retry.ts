import type { Command } from 'commander';
import { parseTaskId } from '../arguments.ts';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe task retry ID` */
export function taskRetryCommand(run: RunWork): Command {
  return describe({
    name: 'task retry',
    summary: 'Let a failed, cancelled or held task begin again.',
    paragraph:
      'The task becomes pending. An agent that is running takes it up; otherwise the next `codeframe start` does.',
    examples: ['codeframe task retry 3', 'codeframe task retry 3 && codeframe start'],
    exits: [...projectExits, 4],
  })
    .argument('<id>', "the task's number", (text) => parseTaskId(text))
    .action(
      run(async (session, id: number) => {
        await using project = await session.open();
        const task = await project.retryTask(id);
        session.out.show(task, () => [`Task ${task.id} is ${task.status} again.`, 'Next: codeframe start']);
      }),
    );
}
