import type { Command } from 'commander';
import { previewLines, restoreLines, undoStepLines } from '../checkpoint-words.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { restoreProgress } from '../restore-progress.ts';

interface UndoFlags {
  readonly list?: boolean;
  readonly dryRun?: boolean;
}

/** `codeframe undo` */
export function undoCommand(run: RunWork): Command {
  return describe({
    name: 'undo',
    summary: 'Undo the last restore.',
    paragraph:
      'Brings back what was there before the last restore, from the checkpoint that it made first; again, and it goes ' +
      'back over the restore before that. It touches what that restore touched: only some parts, only some paths, or ' +
      'git as well. What is there now becomes a checkpoint too, and `codeframe redo` brings it back.',
    examples: ['codeframe undo', 'codeframe undo --list'],
    exits: [...projectExits, 4],
  })
    .option('--list', 'list what can be undone and redone, the next first; change nothing')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'for scripts that give it to `codeframe restore`: this asks nothing')
    .action(
      run(async (session, { list, dryRun }: UndoFlags) => {
        await using project = await session.open();
        const { out } = session;
        if (list === true) {
          const steps = await project.undoSteps();
          return out.showEach(steps, () => undoStepLines(steps));
        }
        if (dryRun === true) {
          const preview = await project.previewUndo('undo');
          return out.show(preview, () => previewLines(preview));
        }
        using progress = restoreProgress(out);
        const row = await uninterrupted(
          out,
          'The undo is finished first; `codeframe redo` takes it back.',
          () => project.undo({ onProgress: progress.tell }),
        );
        out.show(row, () => restoreLines(row));
      }),
    );
}
