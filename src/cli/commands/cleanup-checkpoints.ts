import type { Command } from 'commander';
import type { RetentionRules } from '../../checkpoint/retention.ts';
import { parseAge, parseCount, parseSize } from '../arguments.ts';
import { collect, describe, projectExits, type RunWork } from '../command.ts';
import { cleanupLines, reclaimLines } from '../retention-words.ts';

interface CleanupFlags {
  readonly keep?: number;
  readonly keepWithin?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepName?: readonly string[];
  readonly maxSize?: number;
  readonly dryRun?: boolean;
  readonly reclaim?: boolean;
}

/** `codeframe cleanup-checkpoints` */
export function cleanupCheckpointsCommand(run: RunWork): Command {
  const command = describe({
    name: 'cleanup-checkpoints',
    summary: 'Delete the checkpoints that no rule keeps, and reclaim their space.',
    paragraph:
      'A checkpoint stays when any of the --keep rules keeps it. --max-size then takes the oldest away until the others ' +
      'fit; alone, it keeps the newest that fit. Never deleted: the newest, pinned ones, what a paused project resumes ' +
      'from, and what an undo, a redo or a restore under way needs. What is deleted can be brought back with ' +
      '`codeframe checkpoint undelete ID` until its space is reclaimed: with --reclaim now, otherwise after 7 days.',
    examples: [
      'codeframe cleanup-checkpoints --keep 10 --keep-daily 7 --keep-name "release-*" --dry-run',
      'codeframe cleanup-checkpoints --max-size 5GB --reclaim',
    ],
    exits: [...projectExits],
  });
  return withRules(command)
    .option('--dry-run', 'say what would be deleted, and delete nothing')
    .option('--reclaim', 'free the space of all deleted checkpoints: they cannot be brought back')
    .action(
      run(async (session, flags: CleanupFlags) => {
        await using project = await session.open();
        const rules = rulesOf(flags);
        const only = flags.reclaim === true && rules === undefined;
        if (!only) {
          const report = await project.retention.cleanUp({
            rules: rules ?? {},
            dryRun: flags.dryRun ?? false,
          });
          session.out.show(report, () => cleanupLines(report));
        }
        if (flags.reclaim !== true || flags.dryRun === true) return;
        session.out.note('Reclaiming the space of deleted checkpoints …');
        const reclaimed = await project.retention.reclaim();
        session.out.show(reclaimed, () => reclaimLines(reclaimed));
      }),
    );
}

function withRules(command: Command): Command {
  const count =
    (name: string): ((text: string) => number) =>
    (text) =>
      parseCount(text, name);
  return command
    .option('--keep <n>', 'the newest N', count('--keep'))
    .option('--keep-within <age>', 'all that are younger, such as 24h or 7d', (text) =>
      parseAge(text, '--keep-within'),
    )
    .option(
      '--keep-hourly <n>',
      'the newest of each of the last N hours that have one',
      count('--keep-hourly'),
    )
    .option('--keep-daily <n>', 'the newest of each of the last N days that have one', count('--keep-daily'))
    .option(
      '--keep-weekly <n>',
      'the newest of each of the last N weeks that have one',
      count('--keep-weekly'),
    )
    .option(
      '--keep-name <glob>',
      'all whose name fits, such as "release-*"; may be given several times',
      collect((text) => [text]),
      [],
    )
    .option('--max-size <size>', 'the newest that fit in this, such as 5GB', (text) =>
      parseSize(text, '--max-size'),
    );
}

/** Undefined when none is given. */
function rulesOf(flags: CleanupFlags): RetentionRules | undefined {
  const rules: RetentionRules = {
    keep: flags.keep,
    keepWithinMs: flags.keepWithin,
    keepHourly: flags.keepHourly,
    keepDaily: flags.keepDaily,
    keepWeekly: flags.keepWeekly,
    keepNames: flags.keepName?.length === 0 ? undefined : flags.keepName,
    maxSizeBytes: flags.maxSize,
  };
  return Object.values(rules).some((rule) => rule !== undefined) ? rules : undefined;
}
