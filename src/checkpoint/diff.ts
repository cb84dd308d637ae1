import type { CheckpointDiff, TreeChange } from '../handle.ts';
import type { TaskRow } from '../task/task.ts';
import { showPath, type CodeEntry } from './tree.ts';

/** What turns one tree into another, sorted by path. A directory counts only where it comes, goes or changes its mode. */
export function diffCode(from: readonly CodeEntry[], to: readonly CodeEntry[]): readonly TreeChange[] {
  const before = new Map(from.map((entry) => [entry.path, entry]));
  const after = new Map(to.map((entry) => [entry.path, entry]));
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted((a, b) => (a < b ? -1 : 1));
  return paths.flatMap((path) => {
    const change = changeOf(before.get(path), after.get(path));
    return change === null ? [] : [{ path: showPath(path), change }];
  });
}

/** What became of each task, sorted by id: its status, null where there is no such task. Equal ones are left out. */
export function diffTasks(from: readonly TaskRow[], to: readonly TaskRow[]): CheckpointDiff['tasks'] {
  const before = new Map(from.map((task) => [task.id, task]));
  const after = new Map(to.map((task) => [task.id, task]));
  const ids = [...new Set([...before.keys(), ...after.keys()])].toSorted((a, b) => a - b);
  return ids.flatMap((id) => {
    const was = before.get(id);
    const is = after.get(id);
    if (was !== undefined && is !== undefined && was.status === is.status) return [];
    return [{ id, title: (is ?? was)?.title ?? '', from: was?.status ?? null, to: is?.status ?? null }];
  });
}

function changeOf(before: CodeEntry | undefined, after: CodeEntry | undefined): TreeChange['change'] | null {
  if (after === undefined) return before === undefined ? null : 'delete';
  if (before === undefined) return 'add';
  if (before.kind !== after.kind) return 'type';
  if (objectOf(before) !== objectOf(after)) return 'change';
  return modeOf(before) === modeOf(after) ? null : 'mode';
}

function objectOf(entry: CodeEntry): string | null {
  return entry.kind === 'directory' ? null : entry.object;
}

function modeOf(entry: CodeEntry): number | null {
  return entry.kind === 'link' ? null : entry.mode;
}
