import type { Merge, WorktreeRow } from '../agent/worktree.ts';
import { applyMerge } from '../checkpoint/apply-merge.ts';
import { outer } from '../checkpoint/joined-tree.ts';
import { showPath } from '../checkpoint/tree.ts';
import { isMerged, recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence, WriteTransaction } from '../store/store.ts';
import { holdAgents } from './hold-agents.ts';
import { placeWorktree, type WorktreePorts } from './place-worktree.ts';
import type { StepGate } from './step-gate.ts';

/** How often a merge is tried when files or git's index are changed under it. */
const triesMax = 3;

export interface WorktreeMerge {
  readonly row: WorktreeRow;
  readonly fence: Fence;
  readonly gate: StepGate;
  /** The task whose work it is; null when a person merges what is there. */
  readonly taskId: number | null;
  /** The first line of what is committed. */
  readonly title: string;
  /** What more the transaction does that decides the merge. */
  readonly record: (tx: WriteTransaction) => Promise<void>;
}

export type MergedWorktree =
  /** The project has all of it. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'merged'; readonly into: string; readonly commit: string; readonly files: number }
  /** Nothing of the project is changed; what is uncommitted may be on the branch by now. */
  | { readonly kind: 'blocked'; readonly problem: string };

/**
 * Commits all that is in a worktree on its branch, and merges that into the project, for its owner; one at a time. Throws
 * only `stale-owner`.
 */
export async function mergeWorktree(ports: WorktreePorts, merging: WorktreeMerge): Promise<MergedWorktree> {
  for (let count = 1; ; count++) {
    try {
      return await mergeOnce(ports, merging);
    } catch (error) {
      // Whatever it is, it is about this work alone: the others go on.
      if (isFailure(error, 'stale-owner')) throw error;
      ports.log.warn({ err: error, agent: merging.row.agent }, 'its work was not merged');
      if (count === triesMax || !isFailure(error, 'tree-moved')) return blocked(problemOf(error));
    }
  }
}

function blocked(problem: string): MergedWorktree {
  return { kind: 'blocked', problem };
}

async function mergeOnce(ports: WorktreePorts, merging: WorktreeMerge): Promise<MergedWorktree> {
  const { worktrees } = ports;
  const { title, taskId } = merging;
  const row = await placeWorktree(ports, merging.row, merging.fence);
  const { agent } = row;
  const problem = await unfit(ports, row);
  if (problem !== null) return blocked(problem);
  const ofTask = taskId === null ? '' : `task ${taskId} of `;
  const by = (what: string) => ({
    agent,
    message: `${what}${title}\n\nBy codeframe: ${ofTask}agent ${agent}.`,
  });
  await worktrees.commit(row, by(''));
  const merge = await worktrees.merge(row, by(`Merge ${row.branch}: `));
  switch (merge.kind) {
    case 'nothing':
      return merge;
    case 'conflict':
      return blocked(`both it and ${merge.into} have changed ${merge.paths.map(showPath).join(', ')}`);
    case 'impossible':
      return blocked(merge.problem);
    case 'merged':
      await bringIn(ports, merging, merge);
      return { kind: 'merged', into: merge.into, commit: merge.commit, files: merge.files.length };
  }
}

/** Why what is in a worktree cannot be committed. */
async function unfit(ports: WorktreePorts, row: WorktreeRow): Promise<string | null> {
  const state = await ports.worktrees.state(row);
  if (state === null) return `its worktree ${ports.worktrees.dirOf(row)} is not there`;
  if (state.unsolved.length > 0) return `it has conflicts that are not solved in ${list(state.unsolved)}`;
  if (state.operation !== null && state.operation !== 'merge')
    return `a ${state.operation} is in progress in it`;
  const secret: string[] = [];
  for (const path of state.untracked) {
    const read = await ports.tree.read(outer(`${row.name}/${path}`));
    if (!read.ok && read.reason === 'secret') secret.push(path);
  }
  return secret.length === 0 ? null : `a secret is in its new files ${list(secret)}`;
}

function list(paths: readonly string[]): string {
  return paths.map(showPath).join(', ');
}

/** With all agents held: no checkpoint is made of half a merge, and no other agent's edit comes between. */
async function bringIn(
  ports: WorktreePorts,
  { row, taskId, fence, gate, record }: WorktreeMerge,
  merge: Extract<Merge, { kind: 'merged' }>,
): Promise<void> {
  const { store, ids } = ports;
  const mergeId = ids.next('merge');
  const { commit, into, files } = merge;
  const held = await holdAgents(ports, gate)();
  try {
    await applyMerge(ports, merge, {
      mergeId,
      isCommitted: () => store.read((tx) => isMerged(tx, mergeId)),
      commit: () =>
        store.write(
          async (tx) => {
            const { agent, branch } = row;
            const data = { mergeId, taskId, agent, branch, into, commit, files: files.length };
            await recordEvent(tx, ports, { type: 'work-merged', data });
            await record(tx);
          },
          { fence },
        ),
    });
  } finally {
    held.release();
  }
}
