import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';

/** `codeframe checkpoint undelete ID` */
export function checkpointUndeleteCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint undelete',
    summary: 'Bring a deleted checkpoint back.',
    paragraph:
      'Works until its space is reclaimed: 7 days after it was deleted, or when `codeframe cleanup-checkpoints --reclaim` was ' +
      'run. `codeframe checkpoint list --deleted` shows what there is.',
    examples: ['codeframe checkpoint undelete c7k2', 'codeframe checkpoint list --deleted'],
    exits: projectExits,
  })
    .argument('<id>', 'id, start of an id, or name')
    .action(
      run(async (session, id: string) => {
        await using project = await session.open();
        const row = await project.retention.undelete(id);
        session.out.show(row, () => [`Checkpoint ${row.id} is back.`]);
      }),
    );
}
