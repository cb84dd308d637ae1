import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { table } from '../table.ts';
import { taskStatusCell } from '../task-words.ts';

/** `codeframe task list` */
export function taskListCommand(run: RunWork): Command {
  return describe({
    name: 'task list',
    summary: 'List the tasks of the project.',
    paragraph:
      'Shows every task in the order of its number, with its status, its agent and the tasks that it comes after.',
    examples: ['codeframe task list', 'codeframe task list --json'],
    exits: projectExits,
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const tasks = await project.tasks();
      session.out.showEach(tasks, () =>
        tasks.length === 0
          ? ['There are no tasks yet: codeframe task add "TITLE"']
          : table(
              ['ID', 'STATUS', 'AGENT', 'AFTER', 'TITLE'],
              tasks.map((task) => [
                String(task.id),
                taskStatusCell(task.status),
                task.agent ?? 'any',
                task.after.join(', '),
                task.title,
              ]),
            ),
      );
    }),
  );
}
