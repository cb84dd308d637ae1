import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint delete ID` */
export function checkpointDeleteCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint delete',
    summary: 'Delete a checkpoint; it can be brought back for a while.',
    paragraph:
      'It leaves the lists at once. Its space is reclaimed after 7 days, or by `codeframe cleanup-checkpoints --reclaim`; ' +
      'until then `codeframe checkpoint undelete ID` brings it back. Refused for one that is pinned, that a paused ' +
      'project resumes from, or that an undo, a redo or a restore under way needs.',
    examples: ['codeframe checkpoint delete c7k2', 'codeframe checkpoint delete before-refactoring'],
    exits: [...projectExits, 4],
  })
    .argument('<id>', 'id, start of an id, or name')
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const row = await project.retention.delete(id);
        session.out.show(row, () => [
          `Checkpoint ${row.id} is deleted.`,
          `Next: codeframe checkpoint undelete ${row.id} brings it back`,
        ]);
      }),
    );
}
