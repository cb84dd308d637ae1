import type { Command } from 'commander';
import { restoreLines } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';

/** `codeframe undo` */
export function undoCommand(run: RunWork): Command {
  return describe({
    name: 'undo',
    summary: 'Undo the last restore.',
    paragraph:
      'Brings back what was there before the last restore, from the checkpoint that it made first; again, and it goes ' +
      'back over the restore before that. What is there now becomes a checkpoint too, and its id is printed.',
    examples: ['codeframe undo', 'codeframe undo --json'],
    exits: [...projectExits, 4],
  }).action(
    run(async (session) => {
      await using project = await session.open();
      const row = await uninterrupted(
        session.out,
        'The undo is finished first; `codeframe undo` undoes it.',
        () => project.undo(),
      );
      session.out.show(row, () => restoreLines(row));
    }),
  );
}
