import type { Command } from 'commander';
import type { RestorePart, RestoreRow } from '../../checkpoint/restore.ts';
import type { BoundRestore, RestoreOptions, RestorePreview } from '../../handle.ts';
import { parseRestoreParts } from '../arguments.ts';
import { ask, canAsk } from '../ask.ts';
import { previewLines, restoreLines } from '../checkpoint-words.ts';
import { gitLines } from '../git-words.ts';
import type { CliSession } from '../cli-session.ts';
import { collect, describe, projectExits, type RunWork } from '../command.ts';
import { uninterrupted } from '../interrupt.ts';
import { restoreProgress } from '../restore-progress.ts';

interface RestoreFlags {
  readonly dryRun?: boolean;
  readonly only: readonly RestorePart[];
  readonly path: readonly string[];
  readonly git?: boolean;
  readonly gitCommands?: boolean;
  readonly expect?: string;
  readonly yes?: boolean;
}

/** `codeframe restore ID` */
export function restoreCommand(run: RunWork): Command {
  return describe({
    name: 'restore',
    summary: 'Take the project back to a checkpoint.',
    paragraph:
      'Makes files, tasks, agents and their memory what they were. What is there now becomes a checkpoint first, so ' +
      'that `codeframe undo` brings it back. On a terminal it shows what will change and asks; without one it goes on ' +
      'without asking. What is shown is what is done: it refuses when anything has changed since, and while agents are ' +
      'running. Git is left alone unless --git is given: then commits made since are kept under refs/codeframe/kept/.',
    examples: ['codeframe restore latest --dry-run', "codeframe restore c7k2 --path src 'test/**/*.ts'"],
    exits: [...projectExits, 4],
  })
    .argument('<id>', 'id, start of an id, name, or latest')
    .option('--dry-run', 'show what would change, and change nothing')
    .option(
      '--only <part>',
      'only code, state or context; may be repeated',
      collect((text) => parseRestoreParts(text, '--only')),
      [],
    )
    .option(
      '--path <path...>',
      'only these files, directories and globs of the project; tasks and memory stay as they are',
      collect((text) => [text]),
      [],
    )
    .option('--git', 'also bring back HEAD, its branch, the index and a merge or rebase in progress')
    .option(
      '--git-commands',
      'with --git: let a rebase that came with an import or a pull have commands, which git would run',
    )
    .option(
      '--expect <digest>',
      'refuse unless it would change what a --dry-run --json with this digest listed',
    )
    .option('--yes', 'do not ask')
    .action(
      run(async (session, id: string, flags: RestoreFlags) => {
        await using project = await session.open();
        const options = optionsOf(flags);
        if (flags.dryRun === true) {
          const preview = await project.previewRestore(id, options);
          return session.out.show(preview, () => previewLines(preview));
        }
        const shown = await agreed(session, flags, () => project.previewRestore(id, options));
        if (shown === null) return session.out.note('Nothing was changed.');
        using progress = restoreProgress(session.out);
        const row = await uninterrupted(
          session.out,
          'The restore is finished first; `codeframe undo` undoes it.',
          () => project.restore(id, { ...options, ...shown, onProgress: progress.tell }),
        );
        session.out.show(row, () => restoreLines(row));
        if (touchesAllCode(row) && row.git === null) {
          session.out.note(...gitLines(row.checkpointId, await project.gitDifference(row.checkpointId)));
        }
      }),
    );
}

/** Only then it can be a surprise that git still is where it was. */
function touchesAllCode({ only, paths }: RestoreRow): boolean {
  return paths === null && (only === null || only.includes('code'));
}

function optionsOf({ only, path, git, gitCommands }: RestoreFlags): RestoreOptions {
  return {
    ...(only.length === 0 ? {} : { only }),
    ...(path.length === 0 ? {} : { paths: path }),
    ...(git === true ? { git } : {}),
    ...(gitCommands === true ? { gitCommands } : {}),
  };
}

/**
 * Asks only where somebody can answer: a restore can be undone, so that a script needs no flag. Answers what was shown,
 * which is all that may then be done, and null for a no.
 */
async function agreed(
  { out, streams }: CliSession,
  flags: RestoreFlags,
  look: () => Promise<RestorePreview>,
): Promise<Pick<BoundRestore, 'preview' | 'digest'> | null> {
  if (flags.expect !== undefined) return { digest: flags.expect };
  if (flags.yes === true || out.json || !canAsk(streams)) return {};
  const preview = await look();
  out.note(...previewLines(preview));
  return (await ask(streams, 'Restore it? (y/N) ')) ? { preview } : null;
}
