import type { CheckpointSize } from '../checkpoint/checkpoint-space.ts';
import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import type { DiskReport } from '../checkpoint/disk-report.ts';
import type { CleanupReport } from '../checkpoint/retention-cleanup.ts';
import type { ReclaimReport } from '../checkpoint/retention-reclaim.ts';
import type { KeepReason } from '../checkpoint/retention.ts';
import type { Line } from './output.ts';
import { countWords, listWords, sizeWords, timeWords } from './quantity-words.ts';
import { table } from './table.ts';

const reasonWords: Readonly<Record<KeepReason, string>> = {
  keep: 'one of the newest',
  'keep-within': 'young enough',
  'keep-hourly': 'the newest of its hour',
  'keep-daily': 'the newest of its day',
  'keep-weekly': 'the newest of its week',
  'keep-name': 'its name fits',
  'max-size': 'there is room for it',
  pinned: 'pinned',
  newest: 'the newest',
  latest: '`latest`',
  paused: 'the paused project resumes from it',
  pausing: 'a pause under way has written it',
  restore: 'a restore under way needs it',
  undo: '`undo` needs it',
  redo: '`redo` needs it',
};

/** What a clean-up kept, why, and what it deleted. */
export function cleanupLines(report: CleanupReport): readonly Line[] {
  const { kept, deleted, dryRun } = report;
  if (kept.length === 0) return ['There are no checkpoints: nothing to clean up.'];
  return [
    dryRun ? 'These would be kept:' : 'Kept:',
    ...table(
      ['ID', 'NAME', 'WHEN', 'BECAUSE'],
      kept.map((row) => [
        row.id,
        row.name ?? '',
        timeWords(row.createdAt),
        listWords(row.reasons.map((reason) => reasonWords[reason])),
      ]),
    ),
    '',
    ...deletedLines(deleted, dryRun),
  ];
}

function deletedLines(deleted: readonly CheckpointRow[], dryRun: boolean): readonly Line[] {
  if (deleted.length === 0) return [dryRun ? 'None would be deleted.' : 'None was deleted.'];
  const names = deleted.map(({ id, name }) => (name === null ? id : `${id} (${name})`));
  if (dryRun) return [`${countWords(deleted.length, 'checkpoint')} would be deleted: ${listWords(names)}.`];
  return [
    `Deleted ${countWords(deleted.length, 'checkpoint')}: ${listWords(names)}.`,
    'They take space until it is reclaimed: `codeframe cleanup-checkpoints --reclaim`. Until then ' +
      '`codeframe checkpoint undelete ID` brings one back.',
  ];
}

export function reclaimLines({ checkpointIds, freedBytes }: ReclaimReport): readonly Line[] {
  const gone = `${countWords(checkpointIds.length, 'deleted checkpoint')} ${checkpointIds.length === 1 ? 'is' : 'are'} gone for good`;
  if (freedBytes === null)
    return [`${gone}. Others write all the time, so the space is freed by the next \`--reclaim\`.`];
  return [`${gone}; ${sizeWords(freedBytes)} freed.`];
}

/** A line more in the table of checkpoints: their sizes. */
export function sizesTable(
  rows: readonly CheckpointRow[],
  sizes: readonly CheckpointSize[],
): readonly Line[] {
  const byId = new Map(sizes.map((size) => [size.id, size]));
  return table(
    ['ID', 'NAME', 'WHEN', 'WHY', 'ONLY IT', 'ADDS'],
    rows.map((row) => [
      row.id,
      row.name ?? '',
      timeWords(row.createdAt),
      row.trigger,
      sizeWords(byId.get(row.id)?.uniqueBytes ?? 0),
      sizeWords(byId.get(row.id)?.addedBytes ?? 0),
    ]),
  );
}

const partWords = [
  ['store', 'checkpoints (store.git)'],
  ['database', 'database (state.db)'],
  ['logs', 'logs'],
  ['backups', 'backups of the database'],
  ['journal', 'restores under way'],
  ['others', 'other files'],
] as const;

export function diskLines(report: DiskReport): readonly Line[] {
  const { parts, checkpoints, reclaimableBytes, warnBytes } = report;
  return [
    `The project takes ${sizeWords(report.totalBytes)} outside its own directory:`,
    ...partWords.map(([part, words]) => `  ${words}: ${sizeWords(parts[part])}`),
    '',
    ...checkpointLines(checkpoints),
    reclaimableBytes === 0
      ? 'Reclaiming would free nothing: no checkpoint is deleted.'
      : `Reclaiming would free ${sizeWords(reclaimableBytes)}: codeframe cleanup-checkpoints --reclaim`,
    ...limitLines(parts.store > warnBytes ? { storeBytes: parts.store, warnBytes } : null),
  ];
}

function checkpointLines(checkpoints: DiskReport['checkpoints']): readonly Line[] {
  if (checkpoints.length === 0) return ['There are no checkpoints.'];
  return [
    ...table(
      ['CHECKPOINT', 'NAME', 'ONLY IT', 'ADDS', ''],
      checkpoints.map(({ id, name, uniqueBytes, addedBytes, deleted }) => [
        id,
        name ?? '',
        sizeWords(uniqueBytes),
        sizeWords(addedBytes),
        deleted ? 'deleted' : '',
      ]),
    ),
    '',
  ];
}

/** A warning when the checkpoints take more than the config says. */
export function limitLines(
  over: { readonly storeBytes: number; readonly warnBytes: number } | null,
): readonly Line[] {
  if (over === null) return [];
  return [
    {
      text:
        `The checkpoints take ${sizeWords(over.storeBytes)}, more than ${sizeWords(over.warnBytes)}: ` +
        'codeframe cleanup-checkpoints --keep 10 --dry-run, then --reclaim',
      style: 'yellow',
    },
  ];
}
