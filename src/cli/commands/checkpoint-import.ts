import type { Command } from 'commander';
import type { ArrivalReport, ProjectHandle } from '../../handle.ts';
import { restoreLines } from '../checkpoint-words.ts';
import { describe, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { unfilledLines } from '../move-words.ts';
import type { Line } from '../output.ts';

/** `codeframe checkpoint import FILE [dir]` */
export function checkpointImportCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint import',
    summary: 'Make a project of an exported checkpoint, or take it into its project.',
    paragraph:
      'On a machine that has never seen the project: makes its data and its files, in a directory that is empty, not ' +
      'there yet, or a clone of it; `codeframe resume` goes on there. Where the project is known the checkpoint is added ' +
      'to its list, and nothing else changes. A file that is cut off, altered, of a newer codeframe or of another project ' +
      'is refused, and nothing is changed. What its config allows counts after `codeframe permission confirm`.',
    examples: [
      'codeframe checkpoint import shop.codeframe shop',
      'cd shop && codeframe checkpoint import ../shop.codeframe',
    ],
    exits: [3, 4, 5, 6, 7],
  })
    .argument('<file>', 'what `codeframe checkpoint export` wrote')
    .argument('[dir]', 'the directory for its files; the present one when left out')
    .action(
      run(async (session, file: string, dir: string | undefined) => {
        const arrived = await uninterrupted(
          session.out,
          'The import is finished first; killed, it is taken up when it is run again.',
          () => session.importExport(session.path(file), session.path(dir ?? '.')),
        );
        await using project = arrived.project;
        const { report } = arrived;
        const { next } = await project.status();
        session.out.show({ ...report, dir: project.dir, dataDir: project.dataDir }, () =>
          arrivalLines(project, report, next),
        );
      }),
    );
}

function arrivalLines(project: ProjectHandle, report: ArrivalReport, next: string): readonly Line[] {
  const { checkpointId, restore } = report;
  if (restore === null && report.became) return unfilledLines(checkpointId);
  if (restore === null) {
    const first = report.already
      ? `Checkpoint ${checkpointId} is in the list of ${project.name} already.`
      : `Checkpoint ${checkpointId} is in the list of ${project.name} now; nothing else was changed.`;
    return [first, `Next: codeframe restore ${checkpointId} takes the project to it`];
  }
  return [
    `${project.dir} is the project ${project.name} (${project.id}), as it was in checkpoint ${checkpointId}.`,
    ...restoreLines(restore),
    `Its database and checkpoints are in ${project.dataDir}.`,
    `Next: ${next}`,
  ];
}
