import { worktreesPath } from '../agent/worktree.ts';
import { inner, isInside, outer } from './joined-tree.ts';
import type { TreePath } from './tree.ts';
import type { Counted, TreeOperation, TreeWriter } from './tree-writer.ts';

/** Makes the directory of the second tree; it may be there. */
export type MakePlace = () => void;

/**
 * Writes the project's files and those of the agents' worktrees as one. Both have a journal, and both are committed by the
 * same transaction, so that they end the same way.
 */
export function joinWriters(first: TreeWriter, second: TreeWriter, makePlace: MakePlace): TreeWriter {
  const prepared = new Map<string, readonly TreeWriter[]>();
  return {
    async check(operations) {
      const [outside, inside] = split(operations);
      await first.check(outside);
      if (inside.length === 0) return;
      makePlace();
      await second.check(inside);
    },
    async prepare(job, contents, onProgress) {
      const { restoreId } = job;
      const [outside, inside] = split(job.operations);
      const counted = countBoth(onProgress, outside.length, inside.length);
      prepared.set(restoreId, [
        ...(outside.length > 0 ? [first] : []),
        ...(inside.length > 0 ? [second] : []),
      ]);
      if (outside.length > 0)
        await first.prepare({ restoreId, operations: outside }, contents, counted.first);
      if (inside.length === 0) return;
      try {
        makePlace();
        await second.prepare({ restoreId, operations: inside }, contents, counted.second);
      } catch (error) {
        if (outside.length === 0) throw error;
        await first.rollBack(restoreId);
        await first.forget(restoreId);
        throw error;
      }
    },
    async apply(restoreId, onProgress) {
      for (const writer of prepared.get(restoreId) ?? [first]) await writer.apply(restoreId, onProgress);
    },
    async finish(restoreId, onProgress) {
      const left = await first.finish(restoreId, onProgress);
      return [...left, ...(await second.finish(restoreId)).map(outer)];
    },
    async rollBack(restoreId) {
      const inside = await second.rollBack(restoreId);
      return [...(await first.rollBack(restoreId)), ...inside.map(outer)];
    },
    async forget(restoreId) {
      await second.forget(restoreId);
      await first.forget(restoreId);
    },
    async open() {
      return [...new Set([...(await first.open()), ...(await second.open())])];
    },
    async writersOf(paths) {
      const inside = paths.filter(isInside).map(inner);
      const found = await first.writersOf(paths.filter((path) => !isInside(path)));
      if (inside.length === 0) return found;
      const below = await second.writersOf(inside);
      return [...found, ...below.map((one) => ({ ...one, path: outer(one.path) }))];
    },
  };
}

function split(operations: readonly TreeOperation[]): readonly [TreeOperation[], TreeOperation[]] {
  // The directory of all worktrees is one of ours, made when it is needed.
  const real = operations.filter(({ path }) => path !== worktreesPath);
  return [
    real.filter(({ path }) => !isInside(path)),
    real.filter(({ path }) => isInside(path)).map(innerOperation),
  ];
}

function innerOperation(operation: TreeOperation): TreeOperation {
  const path = inner(operation.path);
  return 'home' in operation
    ? { ...operation, path, home: innerHome(operation.home) }
    : { ...operation, path };
}

function innerHome(home: TreePath): TreePath {
  return isInside(home) ? inner(home) : '';
}

function countBoth(
  onProgress: Counted | undefined,
  first: number,
  second: number,
): { readonly first?: Counted; readonly second?: Counted } {
  if (onProgress === undefined) return {};
  const total = first + second;
  return {
    first: (done) => onProgress(Math.min(done, first), total),
    second: (done) => onProgress(first + Math.min(done, second), total),
  };
}
