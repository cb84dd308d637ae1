import type { AgentWorktrees, Merge, MergedFile } from '../agent/worktree.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import { blobId } from './blob-id.ts';
import { notAsPlanned } from './check-restored.ts';
import { changesGit } from './git-rewinder.ts';
import { planFromTree } from './look-at-tree.ts';
import { takeBackChanges } from './recover-restore.ts';
import type { RestorePorts } from './restore-checkpoint.ts';
import { showPath, type CodeEntry, type ObjectId, type TreePath } from './tree.ts';
import type { Contents, TreeOperation } from './tree-writer.ts';
import { ancestorsOf, wantedTree } from './wanted-tree.ts';

/** The hash of the store's objects; its length says which. */
const like: ObjectId = '0'.repeat(40);

type Merged = Extract<Merge, { readonly kind: 'merged' }>;

/**
 * Brings a merge into the project's files, its index and its branch, with the journals of a restore: when this throws, all is as
 * it was, and what is killed is ended by recovery, which asks `commit`'s transaction how. Touches only files that are as
 * the project's commit has them. Throws `restore-blocked` and `tree-moved` for what is in the way.
 */
export async function applyMerge(
  ports: Pick<RestorePorts, 'tree' | 'writer' | 'gitRewinder' | 'log'> & {
    readonly worktrees: AgentWorktrees;
  },
  merge: Merged,
  way: {
    readonly mergeId: string;
    readonly commit: () => Promise<void>;
    readonly isCommitted: () => Promise<boolean>;
  },
): Promise<void> {
  const operations = await planMerge(ports, merge);
  try {
    await carryOut(ports, { merge, operations, mergeId: way.mergeId });
    await way.commit();
  } catch (error) {
    // The new owner ends it.
    if (isFailure(error, 'stale-owner')) throw error;
    if (!(await way.isCommitted())) {
      await takeBack(ports, way.mergeId);
      throw error;
    }
  }
  await ports.gitRewinder.finish(way.mergeId);
  await ports.writer.finish(way.mergeId);
}

async function planMerge(
  ports: Pick<RestorePorts, 'tree'> & { readonly worktrees: AgentWorktrees },
  { files }: Merged,
): Promise<readonly TreeOperation[]> {
  const wanted = wantedTree('merge', files.flatMap(entryOf));
  const touched = new Set(files.map(({ path }) => path));
  // Of what goes, also the directories that it leaves empty.
  const emptied = new Set(
    files
      .flatMap(({ kind, path }) => (kind === 'gone' ? [...ancestorsOf(path)] : []))
      .filter((path) => !wanted.has(path)),
  );
  const filter = {
    selects: (path: TreePath) => touched.has(path) || emptied.has(path),
    unmatched: () => [],
  };
  const { plan, saved } = await planFromTree(ports.tree, { wanted, unknown: new Set(), filter, like });
  // Asked after the plan has seen them: whoever changes one from here on is found out when it is moved.
  const unclean = await ports.worktrees.unclean([...touched]);
  const problems = [
    ...plan.problems,
    ...saved.map((path) => ({ path: showPath(path), problem: 'it is ignored and in the way' })),
    ...unclean.map((path) => ({ path: showPath(path), problem: 'it has changes that are not committed' })),
  ];
  if (problems.length > 0) throw new CodeframeError({ code: 'restore-blocked', problems });
  return plan.operations;
}

function entryOf(file: MergedFile): readonly CodeEntry[] {
  if (file.kind === 'gone') return [];
  const { path } = file;
  if (file.kind === 'link') {
    const object = blobId(Buffer.from(file.target, 'latin1'), like);
    return [{ kind: 'link', path, target: file.target, object }];
  }
  const { mode, bytes } = file;
  return [{ kind: 'file', path, mode, object: blobId(bytes, like), size: bytes.length }];
}

async function carryOut(
  { tree, writer, gitRewinder }: Pick<RestorePorts, 'tree' | 'writer' | 'gitRewinder'>,
  work: { readonly merge: Merged; readonly operations: readonly TreeOperation[]; readonly mergeId: string },
): Promise<void> {
  const { merge, operations, mergeId: restoreId } = work;
  const wanted = { captured: merge.wanted, refs: [] };
  const plan = await gitRewinder.plan(wanted);
  if (plan === null) throw new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
  if (plan.problems.length > 0)
    throw new CodeframeError({ code: 'restore-blocked', problems: plan.problems });
  // After the plan, which is bound to the state that it was made of: so both are the state that was merged with.
  const since = await gitRewinder.plan({ captured: merge.from, refs: [] });
  if (since === null || changesGit(since)) throw new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
  const contents = contentsOf(merge.files);
  await writer.check(operations);
  if (operations.length > 0) await writer.prepare({ restoreId, operations }, contents);
  await gitRewinder.prepare({ restoreId, wanted, plan, contents });
  if (operations.length > 0) await writer.apply(restoreId);
  await gitRewinder.apply(restoreId);
  const rest = await gitRewinder.plan(wanted);
  const wrong = await notAsPlanned(tree, operations);
  if (wrong.length > 0) throw new CodeframeError({ code: 'tree-moved', paths: wrong.map(showPath) });
  if (rest === null || changesGit(rest)) throw new CodeframeError({ code: 'tree-moved', paths: ['.git'] });
}

function contentsOf(files: readonly MergedFile[]): Contents {
  const bytes = new Map(
    files.flatMap((file) => (file.kind === 'file' ? [[blobId(file.bytes, like), file.bytes] as const] : [])),
  );
  return async function* (ids) {
    for (const object of ids) {
      const found = bytes.get(object);
      if (found === undefined) throw new Error(`the merge has no object ${object}`);
      yield { object, bytes: found };
    }
  };
}

async function takeBack(
  ports: Pick<RestorePorts, 'gitRewinder' | 'writer' | 'log'>,
  mergeId: string,
): Promise<void> {
  const left = await takeBackChanges(ports, mergeId);
  if (left.length > 0) {
    ports.log.warn({ mergeId, left: left.map(showPath) }, 'someone changed these during the merge');
  }
  await ports.gitRewinder.forget(mergeId);
  await ports.writer.forget(mergeId);
}
