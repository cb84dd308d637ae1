import { worktreesPath } from '../agent/worktree.ts';
import type { CheckpointRow, ListedCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Manifest } from '../checkpoint/manifest.ts';
import type { CheckpointDiff, RestorePreview, TreeChange, UndoStep } from '../handle.ts';
import type { RestoreRow } from '../checkpoint/restore.ts';
import { gitLines, restoredGitLines } from './git-words.ts';
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

export function checkpointTable(rows: readonly ListedCheckpoint[]): readonly Line[] {
  if (rows.length === 0) return ['There are no checkpoints yet: codeframe checkpoint create'];
  return table(
    ['ID', 'NAME', 'WHEN', 'WHY', 'FILES', 'SIZE', 'TOKENS'],
    rows.map((row) => [
      row.id,
      row.name ?? '',
      timeWords(row.createdAt),
      `${row.reason === null ? row.trigger : `${row.trigger}: ${row.reason}`}${row.pinnedAt === null ? '' : ' (pinned)'}`,
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
    ...heldLines(row),
    ...(row.pinnedAt === null ? [] : [`It is pinned since ${timeWords(row.pinnedAt)}.`]),
    `Commit ${row.commit}${row.parentId === null ? '' : `, after checkpoint ${row.parentId}`}.`,
    gitLine(manifest.git),
    ...unkeptLines(manifest.git),
    `Rows: ${rowCounts(manifest.counts)}.`,
    `Prompts: ${countWords(manifest.tokens, 'token')}. Cost until then: ${costWords(manifest.costUsd)}.`,
    ...uncoveredLines(manifest.uncovered),
    ...believedLines(manifest),
    ...unsearchedLines(manifest.unsearched ?? []),
  ];
}

function heldLines({ heldMs }: CheckpointRow): readonly Line[] {
  return heldMs === null ? [] : [`The agents at work were held for it ${durationWords(heldMs)}.`];
}

function believedLines({ believed = 0 }: Manifest): readonly Line[] {
  if (believed === 0) return [];
  const which = countWords(believed, 'directory', 'directories');
  return [`By the change feed, without a look: ${which} in which nothing had happened.`];
}

function rowCounts(counts: Manifest['counts']): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return listWords(some.map(([name, count]) => `${numberWords(count)} ${name}`));
}

function gitLine(git: Manifest['git']): string {
  if (git === null) return 'The directory was in no git repository.';
  const branch = git.branch === null ? 'no branch' : `branch ${git.branch}`;
  const operation = git.operation === null ? '' : `, in the middle of a ${git.operation}`;
  return `Git was at ${git.head?.slice(0, 12) ?? 'no commit yet'} on ${branch}${operation}.`;
}

function unkeptLines(git: Manifest['git']): readonly Line[] {
  const unkept = git?.unkept ?? [];
  if (unkept.length === 0) return [];
  return [
    'Staged, and too big to be kept; `restore --git` works for as long as git has them:',
    ...unkept.map(({ path, size }) => `  ${path} (${sizeWords(size)})`),
  ];
}

function unsearchedLines(unsearched: readonly string[]): readonly Line[] {
  if (unsearched.length === 0) return [];
  const more = unsearched.length - unsearchedShown;
  return [
    'New, and not searched for secrets (binary, or over a megabyte):',
    ...unsearched.slice(0, unsearchedShown).map((path) => `  ${path}`),
    ...(more > 0 ? [`  and ${more} more (--json has them all)`] : []),
  ];
}

/** Of which a list is read by nobody. */
const unsearchedShown = 10;

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
  const only = onlyWords(preview);
  const lines = [
    ...preview.changes.map(changeLine),
    ...preview.rows.map(
      ({ table: name, added, changed, deleted }) =>
        `  rows of ${name}: ${added} added, ${changed} changed, ${deleted} deleted`,
    ),
  ];
  return [
    `Restoring checkpoint ${preview.checkpointId}${only} would change ${changeCounts(preview.changes)}${lines.length === 0 ? '.' : ':'}`,
    ...lines,
    ...savedLines(preview.saved),
    ...worktreeLines(preview),
    ...gitLines(preview.checkpointId, preview.git),
  ];
}

/** Their branches and indexes come back with the rows that name them, and rows only with all of the code. */
function worktreeLines({ changes, only, paths }: RestorePreview): readonly Line[] {
  const isAll = paths === null && (only === null || (only.includes('code') && only.includes('state')));
  if (isAll || !changes.some(({ path }) => path.startsWith(`${worktreesPath}/`))) return [];
  return ["Of the agents' worktrees only files change; their branches and indexes stay as they are."];
}

function savedLines(saved: readonly string[]): readonly Line[] {
  if (saved.length === 0) return [];
  return ['In the way, and in no checkpoint yet; saved first:', ...saved.map((path) => `  ${path}`)];
}

const changeWords: Readonly<Record<TreeChange['change'], string>> = {
  add: 'added',
  change: 'changed',
  delete: 'deleted',
  mode: 'changed in mode',
  type: 'changed in type',
};

function changeCounts(changes: readonly TreeChange[]): string {
  const kinds = Object.keys(changeWords) as readonly TreeChange['change'][];
  const counted = countedKinds(
    kinds.map((kind) => [changeWords[kind], changes.filter(({ change }) => change === kind).length]),
  );
  return counted === '' ? 'no path' : counted;
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
  const only = onlyWords(row);
  return [
    `The project is as in checkpoint ${row.checkpointId}${only}${figuresWords(row)}.`,
    ...restoredGitLines(row),
    row.safetyId === null ? 'Nothing had to be saved before.' : wayBackWords(row.kind, row.safetyId),
  ];
}

function onlyWords({ only, paths }: Pick<RestoreRow, 'only' | 'paths'>): string {
  if (only === null) return '';
  const code = paths === null ? 'code' : listWords(paths);
  return ` (only ${listWords(only.map((part) => (part === 'code' ? code : part)))})`;
}

function wayBackWords(kind: RestoreRow['kind'], safetyId: string): string {
  const command = kind === 'undo' ? 'codeframe redo' : 'codeframe undo';
  return `What was there before is checkpoint ${safetyId}; \`${command}\` brings it back.`;
}

/** All that can be undone and redone. */
export function undoStepLines(steps: readonly UndoStep[]): readonly Line[] {
  if (steps.length === 0) return ['There is nothing to undo and nothing to redo.'];
  return table(
    ['', 'GOES BACK OVER', 'WHEN', 'TO', 'LIMITED TO'],
    steps.map((step) => [
      step.way,
      `${step.kind} ${step.restoreId} of ${step.checkpointId}`,
      timeWords(step.at),
      step.available ? step.backTo : `${step.backTo} (deleted)`,
      limitWords(step),
    ]),
  );
}

function limitWords({ only, paths, git }: Pick<UndoStep, 'only' | 'paths' | 'git'>): string {
  const parts = (only ?? []).filter((part) => paths === null || part !== 'code');
  return [...(paths ?? []), ...parts, ...(git ? ['git too'] : [])].join(', ');
}

function figuresWords({ figures }: RestoreRow): string {
  if (figures === null) return '';
  const { added, changed, deleted, modes, rows, durationMs } = figures;
  const paths = countedKinds([
    ['added', added],
    ['changed', changed],
    ['deleted', deleted],
    ['changed in mode', modes],
  ]);
  const parts = [paths, rows === 0 ? '' : countWords(rows, 'row')].filter((part) => part !== '');
  return `: ${parts.length === 0 ? 'it was so already' : listWords(parts)}; it took ${durationWords(durationMs)}`;
}

/** `3 paths (2 added and 1 deleted)`; nothing for none. */
function countedKinds(kinds: readonly (readonly [kind: string, count: number])[]): string {
  const some = kinds.filter(([, count]) => count > 0);
  const total = some.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return '';
  return `${countWords(total, 'path')} (${listWords(some.map(([kind, count]) => `${count} ${kind}`))})`;
}

export function diffLines(diff: CheckpointDiff): readonly Line[] {
  const to = diff.to === 'now' ? 'now' : `checkpoint ${diff.to}`;
  return [
    `From checkpoint ${diff.from} to ${to}, ${changeCounts(diff.changes)} differ${diff.changes.length > 1 ? '' : 's'}.`,
    ...diff.changes.map(changeLine),
    ...diff.tasks.map(
      ({ id, title, from, to: now }) => `  task ${id} ${title}: ${from ?? 'none'} → ${now ?? 'none'}`,
    ),
    `Prompts: ${numberWords(diff.tokens.from)} → ${countWords(diff.tokens.to, 'token')}.`,
  ];
}
