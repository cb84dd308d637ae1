import type { Command } from 'commander';
import { checkCheckpointName } from '../../checkpoint/checkpoint-name.ts';
import { checkpointSentence } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { limitLines } from '../retention-words.ts';

interface CheckpointFlags {
  readonly name?: string;
  readonly reason?: string;
}

/** `codeframe checkpoint create` */
export function checkpointCreateCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint create',
    summary: 'Write a checkpoint of the project as it is now.',
    paragraph:
      'Holds code, tasks, agents and their memory of one instant, uncommitted and untracked work included, and changes ' +
      'nothing in your repository. Agents that are running go on. The id is printed when all of it is safe on disk.',
    examples: ['codeframe checkpoint create', 'codeframe checkpoint create --name before-refactoring'],
    exits: projectExits,
  })
    .option('--name <name>', 'a name to restore it by')
    .option('--reason <text>', 'why, for the list')
    .action(
      run(async (session, flags: CheckpointFlags) => {
        // Here too: a runner that makes the checkpoint could only say that it failed.
        if (flags.name !== undefined) checkCheckpointName(flags.name);
        await using project = await session.open();
        const row = await uninterrupted(session.out, 'The checkpoint is finished first; it is short.', () =>
          project.createCheckpoint(flags),
        );
        const over = await project.retention.overLimit();
        session.out.show(row, () => [
          checkpointSentence(row),
          ...limitLines(over),
          `Next: codeframe restore ${isOneWord(row.name) ? row.name : row.id} takes the project back to it`,
        ]);
      }),
    );
}

/** A shell takes it as it stands. */
function isOneWord(name: string | null): name is string {
  return name !== null && /^[\w.,:@+/-]+$/.test(name);
}
