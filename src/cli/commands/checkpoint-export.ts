import type { Command } from 'commander';
import { describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { sizeWords } from '../quantity-words.ts';

interface ExportFlags {
  readonly force?: boolean;
}

/** `codeframe checkpoint export ID FILE` */
export function checkpointExportCommand(run: RunWork): Command {
  return describe({
    name: 'checkpoint export',
    summary: 'Write a checkpoint into one file, for another machine.',
    paragraph:
      'The file holds all of it: files, tasks, agents, their memory, events and costs, and needs nothing else: ' +
      '`codeframe checkpoint import FILE` makes the project of it on a machine that has never seen it. Every byte in it ' +
      'is hashed. It is not encrypted: whoever has it can read it. Secrets that codeframe knows are placeholders in it, ' +
      'but for those in files that git tracks (`codeframe audit`).',
    examples: [
      'codeframe checkpoint export latest shop.codeframe',
      'codeframe checkpoint export c7k2 /media/shop --force',
    ],
    exits: projectExits,
  })
    .argument('<id>', 'id, start of an id, name, or latest')
    .argument('<file>', 'the file to write')
    .option('--force', 'replace a file that is there')
    .action(
      run(async (session, ...[id, file, flags]: [string, string, ExportFlags]) => {
        await using project = await session.open();
        const report = await uninterrupted(session.out, 'The export is finished first.', () =>
          project.exportCheckpoint(id, session.path(file), flags),
        );
        session.out.show(report, () => [
          `Checkpoint ${report.checkpointId} is in ${report.file}, ${sizeWords(report.bytes)}.`,
          `Next, on the other machine: codeframe checkpoint import ${file} DIR`,
        ]);
      }),
    );
}
