import { worktreesPath } from '../agent/worktree.ts';
import { CodeframeError, isFailure } from '../failure.ts';
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
  // Asked of this and not of the journals: one that another process has closed must not pass for one that there never was.
  const prepared = new Map<string, Prepared>();
  return {
    async check(operations) {
      const [outside, inside] = split(operations);
      await first.check(outside);
      if (inside.length === 0) return;
      makePlace();
      await named(second.check(inside));
    },
    async prepare(job, contents, onProgress) {
      const { restoreId } = job;
      const [outside, inside] = split(job.operations);
      const counted = countBoth(onProgress, outside.length, inside.length);
      prepared.set(restoreId, { outside: outside.length, inside: inside.length });
      if (outside.length > 0)
        await first.prepare({ restoreId, operations: outside }, contents, counted.first);
      if (inside.length === 0) return;
      try {
        makePlace();
        await named(second.prepare({ restoreId, operations: inside }, contents, counted.second));
      } catch (error) {
        if (outside.length === 0) throw error;
        await first.rollBack(restoreId);
        await first.forget(restoreId);
        throw error;
      }
    },
    async apply(restoreId, onProgress) {
      const { outside, inside } = prepared.get(restoreId) ?? { outside: 1, inside: 0 };
      const counted = countBoth(onProgress, outside, inside);
      if (outside > 0) await first.apply(restoreId, counted.first);
      if (inside > 0) await named(second.apply(restoreId, counted.second));
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

/** Failures of the second name paths as it calls them. */
async function named(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isFailure(error)) throw error;
    const { failure } = error;
    if (failure.code === 'tree-moved')
      throw new CodeframeError({ ...failure, paths: failure.paths.map(outer) }, { cause: error });
    if (failure.code !== 'restore-blocked') throw error;
    const problems = failure.problems.map((one) => ({ ...one, path: outer(one.path) }));
    throw new CodeframeError({ ...failure, problems }, { cause: error });
  }
}

/** How many operations each of them has. */
interface Prepared {
  readonly outside: number;
  readonly inside: number;
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
