import type { Command } from 'commander';
import type { CheckpointRow } from '../../checkpoint/checkpoint.ts';
import type { ProjectHandle } from '../../handle.ts';
import { checkpointTable } from '../checkpoint-words.ts';
import type { CliSession } from '../cli-session.ts';
import { describe, projectExits, type RunWork } from '../command.ts';
import { sizesTable } from '../retention-words.ts';

interface ListFlags {
  readonly sizes?: boolean;
  readonly deleted?: boolean;
}

/** `codeframe checkpoint list` */
export function checkpointListCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint list',
    summary: 'List the checkpoints, newest first.',
    paragraph:
      'Shows each with why it was made: by a pause, by hand, by the clock, when a task was done, before a risky command, ' +
      'or as the safety copy before a restore. Checkpoints share what is the same in them: --sizes measures what only ' +
      'each of them has, and what it adds to those above it.',
    examples: ['codeframe checkpoint list', 'codeframe checkpoint list --deleted'],
    exits: projectExits,
  })
    .option('--sizes', 'measure what each takes on the disk')
    .option('--deleted', 'those that were deleted and can be brought back')
    .action(
      run(async (session, flags: ListFlags) => {
        await using project = await session.open();
        const { deleted = false, sizes = false } = flags;
        if (!deleted && !sizes && !session.out.json) {
          return session.out.showLines(checkpointTable(await project.listedCheckpoints()));
        }
        const rows = await (deleted ? project.retention.deleted() : project.checkpoints());
        if (sizes) return showSizes(session, project, rows);
        session.out.showEach(rows, () =>
          rows.length === 0 && deleted
            ? ['No checkpoint is deleted, or their space was reclaimed.']
            : checkpointTable(rows),
        );
      }),
    );
}

async function showSizes(
  session: CliSession,
  project: ProjectHandle,
  rows: readonly CheckpointRow[],
): Promise<void> {
  const sizes = await project.retention.sizes(rows.map(({ id }) => id));
  const sized = rows.map((row, i) => ({ ...row, ...sizes[i] }));
  session.out.showEach(sized, () => (rows.length === 0 ? checkpointTable(rows) : sizesTable(rows, sizes)));
}
