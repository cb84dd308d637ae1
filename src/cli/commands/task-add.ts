import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { parseTaskIds } from '../arguments.ts';
import { collect, describe, projectExits, type RunWork } from '../command.ts';
import type { NewTask } from '../../handle.ts';

interface TaskAddFlags {
  readonly agent?: string;
  readonly after: readonly number[];
  readonly details?: string;
}

/** `codeframe task add "TITLE"` */
export function taskAddCommand(run: RunWork): Command {
  return describe({
    name: 'task add',
    summary: 'Add a task to the project.',
    paragraph:
      'The task is worked on by the agent that is named, or by any, once the tasks that it comes after are done. ' +
      'It may be added at any time; agents that are running take it up.',
    examples: [
      'codeframe task add "Write the tests of the parser" --agent writer',
      'codeframe task add "Fix what they find" --agent writer --after 1 --details - < notes.md',
    ],
    exits: projectExits,
  })
    .argument('<title>', 'what is to be done, in one line')
    .option('--agent <name>', 'who does it; any agent when left out')
    .option(
      '--after <id>',
      'a task that must be done first; may be repeated, or a list such as 1,2',
      collect((text) => parseTaskIds(text, '--after')),
      [],
    )
    .option('--details <text>', 'more words for the agent; - reads them from standard input')
    .action(
      run(async (session, title: string, flags: TaskAddFlags) => {
        await using project = await session.open();
        const task = await newTask(title, flags, session.streams.stdin);
        const row = await project.addTask(task);
        if (row.title !== task.title || row.details !== (task.details ?? ''))
          session.out.note(...secretLines);
        session.out.show(row, () => [`Task ${row.id} is added: ${row.title}`, 'Next: codeframe start']);
      }),
    );
}

const secretLines = [
  'It holds a secret, which is not stored: where it stood, agents see a placeholder.',
  'Give it to them in a variable of the environment in which you start them, or in a file.',
];

async function newTask(title: string, flags: TaskAddFlags, stdin: NodeJS.ReadStream): Promise<NewTask> {
  const details = flags.details === '-' ? await readAll(stdin) : flags.details;
  return {
    title,
    after: flags.after,
    ...(details === undefined ? {} : { details }),
    ...(flags.agent === undefined ? {} : { agent: flags.agent }),
  };
}
