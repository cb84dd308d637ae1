import type { CheckpointRow } from '../checkpoint/checkpoint.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import type { CheckpointDiff, RestorePreview, TreeChange } from '../handle.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import type { Line } from './output.ts';
import {
  costWords,
  countWords,
  durationWords,
  listWords,
  numberWords,
  sizeWords,
  timeWords,
} from './quantity-words.ts';
import { table } from './table.ts';

export function checkpointSentence(row: CheckpointRow): Line {
  const named = row.name === null ? '' : ` (${row.name})`;
  const uncovered = row.uncovered === 0 ? '' : `; ${countWords(row.uncovered, 'path')} not covered`;
  return [
    'Checkpoint ',
    { text: row.id, style: 'bold' },
    `${named} holds ${countWords(row.files, 'file')}, ${sizeWords(row.bytes)}${uncovered}. It took ${durationWords(row.durationMs)}.`,
  ];
}

export function checkpointTable(rows: readonly CheckpointRow[]): readonly Line[] {
  if (rows.length === 0) return ['There are no checkpoints yet: codeframe checkpoint create'];
  return table(
    ['ID', 'NAME', 'WHEN', 'WHY', 'FILES', 'SIZE', 'TOKENS'],
    rows.map((row) => [
      row.id,
      row.name ?? '',
      timeWords(row.createdAt),
      row.reason === null ? row.trigger : `${row.trigger}: ${row.reason}`,
      numberWords(row.files),
      sizeWords(row.bytes),
      numberWords(row.tokens),
    ]),
  );
}

/** Everything that a checkpoint says of itself. */
export function manifestLines(row: CheckpointRow, manifest: Manifest): readonly Line[] {
  return [
    checkpointSentence(row),
    `Made ${timeWords(row.createdAt)} by ${row.createdBy}, trigger ${row.trigger}${row.reason === null ? '' : `: ${row.reason}`}.`,
    `Commit ${row.commit}${row.parentId === null ? '' : `, after checkpoint ${row.parentId}`}.`,
    gitLine(manifest.git),
    `Rows: ${listWords(Object.entries(manifest.counts).map(([name, count]) => `${count} ${name}`))}.`,
    `Prompts: ${countWords(manifest.tokens, 'token')}. Cost until then: ${costWords(manifest.costUsd)}.`,
    ...uncoveredLines(manifest.uncovered),
  ];
}

function gitLine(git: Manifest['git']): string {
  if (git === null) return 'The directory was in no git repository.';
  const branch = git.branch === null ? 'no branch' : `branch ${git.branch}`;
  const operation = git.operation === null ? '' : `, in the middle of a ${git.operation}`;
  return `Git was at ${git.head?.slice(0, 12) ?? 'no commit yet'} on ${branch}${operation}.`;
}

function uncoveredLines(uncovered: Manifest['uncovered']): readonly Line[] {
  if (uncovered.length === 0) return ['Every path is covered.'];
  return [
    'Not covered:',
    ...uncovered.map(
      ({ path, reason, directory, size }) =>
        `  ${path}${directory ? '/' : ''} (${reason}${size === undefined ? '' : `, ${sizeWords(size)}`})`,
    ),
  ];
}

/** The preview of a restore: exactly what would change. */
export function previewLines(preview: RestorePreview): readonly Line[] {
  const only = preview.only === null ? '' : ` (only ${listWords(preview.only)})`;
  const changes = preview.changes.length + preview.rows.length;
  return [
    `Restoring checkpoint ${preview.checkpointId}${only} would change ${changes === 0 ? 'no file and no row' : changeCounts(preview.changes)}${changes === 0 ? '.' : ':'}`,
    ...preview.changes.map(changeLine),
    ...preview.rows.map(
      ({ table: name, added, changed, deleted }) =>
        `  rows of ${name}: ${added} added, ${changed} changed, ${deleted} deleted`,
    ),
    ...(preview.saved.length === 0
      ? []
      : [
          'Paths in the way that no checkpoint holds; they are saved first:',
          ...preview.saved.map((path) => `  ${path}`),
        ]),
  ];
}

const changeWords: Readonly<Record<TreeChange['change'], string>> = {
  add: 'added',
  change: 'changed',
  delete: 'deleted',
  mode: 'changed in mode',
  type: 'changed in type',
};

/** `2 files added and 1 changed`. */
function changeCounts(changes: readonly TreeChange[]): string {
  const kinds = Object.keys(changeWords) as readonly TreeChange['change'][];
  const counts = kinds
    .map((kind) => ({ kind, count: changes.filter(({ change }) => change === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${changeWords[kind]}`);
  return counts.length === 0 ? 'no file' : `files: ${listWords(counts)}`;
}

const changeLetters: Readonly<Record<TreeChange['change'], string>> = {
  add: 'A',
  change: 'M',
  delete: 'D',
  mode: 'm',
  type: 'T',
};

function changeLine({ path, change }: TreeChange): Line {
  return `  ${changeLetters[change]} ${path}`;
}

export function restoreLines(row: RestoreRow): readonly Line[] {
  const only = row.only === null ? '' : ` (only ${listWords(row.only)})`;
  return [
    `The project is as in checkpoint ${row.checkpointId}${only}${figuresWords(row)}.`,
    row.safetyId === null
      ? 'Nothing had to be saved before.'
      : `What was there before is checkpoint ${row.safetyId}; \`codeframe undo\` brings it back.`,
  ];
}

function figuresWords({ figures }: RestoreRow): string {
  if (figures === null) return '';
  const { added, changed, deleted, modes, rows, durationMs } = figures;
  return (
    `: ${countWords(added, 'file')} added, ${changed} changed, ${deleted} deleted, ` +
    `${countWords(modes, 'mode')} set, ${countWords(rows, 'row')}; it took ${durationWords(durationMs)}`
  );
}

export function diffLines(diff: CheckpointDiff): readonly Line[] {
  const to = diff.to === 'now' ? 'now' : `checkpoint ${diff.to}`;
  return [
    `From checkpoint ${diff.from} to ${to}: ${changeCounts(diff.changes)}.`,
    ...diff.changes.map(changeLine),
    ...diff.tasks.map(
      ({ id, title, from, to: now }) => `  task ${id} ${title}: ${from ?? 'none'} → ${now ?? 'none'}`,
    ),
    `Prompts: ${numberWords(diff.tokens.from)} → ${countWords(diff.tokens.to, 'token')}.`,
  ];
}
