import type { Command } from 'commander';
import { previewLines, restoreLines } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { restoreProgress } from '../restore-progress.ts';

/** `codeframe redo` */
export function redoCommand(run: RunWork): Command {
  return describe({
    name: 'redo',
    summary: 'Take back the last undo.',
    paragraph:
      'Brings back what the last undo took away; again, and it goes forward over the undo before that. What is there ' +
      'now becomes a checkpoint first, and `codeframe undo` brings it back. A new restore ends what could be redone: ' +
      'what the undos took away stays in the checkpoints that `codeframe checkpoint list` shows.',
    examples: ['codeframe redo', 'codeframe redo --dry-run'],
    exits: [...projectExits, 4],
  })
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'for scripts that give it to `codeframe restore`: this asks nothing')
    .action(
      run(async (session, { dryRun }: { readonly dryRun?: boolean }) => {
        await using project = await session.open();
        const { out } = session;
        if (dryRun === true) {
          const preview = await project.previewUndo('redo');
          return out.show(preview, () => previewLines(preview));
        }
        using progress = restoreProgress(out);
        const row = await uninterrupted(
          out,
          'The redo is finished first; `codeframe undo` takes it back.',
          () => project.redo({ onProgress: progress.tell }),
        );
        out.show(row, () => restoreLines(row));
      }),
    );
}
