import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe blocker answer ID TEXT` */
export function blockerAnswerCommand(run: RunWork): Command {
  return describe({
    name: 'blocker answer',
    summary: "Answer an agent's question.",
    paragraph:
      'The agent gets the text as the answer and its task goes on, at once when agents are running, else with the next ' +
      '`codeframe start`. A question whether a command may run is answered with yes or no, for that line in that task, or ' +
      'with always or never, for that line in all tasks of this project; `codeframe permission list` shows those.',
    examples: [
      'codeframe blocker answer b4k2m1x9q0aa yes',
      'codeframe blocker answer b4k2 "Keep the old name."',
    ],
    exits: [...projectExits, 4],
  })
    .argument('<id>', "the question's id, or the start of it")
    .argument('<text...>', 'the answer')
    .action(
      run(async (session, id: string, text: readonly string[]) => {
        await using project = await session.open();
        const blocker = await project.answerBlocker(id, text.join(' '));
        session.out.show(blocker, () => [
          `${blocker.id} is answered; task ${blocker.taskId} can go on.`,
          'Next: codeframe status',
        ]);
      }),
    );
}
