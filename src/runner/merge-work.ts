import type { AgentRow } from '../agent/agent.ts';
import type { Merge, WorktreeRow } from '../agent/worktree.ts';
import type { AskSubject } from '../agent/session.ts';
import { applyMerge } from '../checkpoint/apply-merge.ts';
import { outer } from '../checkpoint/joined-tree.ts';
import { showPath } from '../checkpoint/tree.ts';
import { isMerged, recordEvent } from '../event/record-event.ts';
import { isFailure } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence, WriteTransaction } from '../store/store.ts';
import { changeTask } from '../task/change-task.ts';
import { finishedSummary, type TaskRow } from '../task/task.ts';
import { holdAgents } from './hold-agents.ts';
import { needWorktrees, placeWorktree, type WorktreePorts } from './place-worktree.ts';
import type { ProjectPorts } from './ports.ts';
import type { StepGate } from './step-gate.ts';

/** How often a merge is tried when files or git's index are changed under it. */
const triesMax = 3;

/** The answer that ends a task with its work on its branch. */
const leave = 'leave';

/** A task whose agent has done its part. */
export interface FinishedWork {
  readonly agent: AgentRow;
  readonly task: TaskRow;
}

interface Merging extends FinishedWork {
  readonly fence: Fence;
  readonly gate: StepGate;
  readonly row: WorktreeRow;
  readonly summary: string;
}

/**
 * Merges the work of a finished task into the project, for its owner; one at a time. The task is done then, or waits for
 * a blocker that says what is in the way. Answers whether it is done. Throws only `stale-owner`, and what keeps the store from being written.
 */
export async function mergeWork(
  given: ProjectPorts,
  work: FinishedWork & { readonly fence: Fence; readonly gate: StepGate },
): Promise<boolean> {
  const ports = needWorktrees(given);
  const summary = finishedSummary(work.task) ?? '';
  const row = await ports.store.read((tx) => tx.get('worktrees', work.agent.name));
  const answer = await answerTo(ports, work.task);
  if (row === undefined || answer === leave) {
    const where = row === undefined ? '' : ` (not merged: its work is on ${row.branch})`;
    return endTask(ports, { ...work, summary: `${summary}${where}` });
  }
  const merging = { ...work, row, summary };
  const problem = await tryMerge(ports, merging);
  if (problem === null) return true;
  await block(ports, merging, problem);
  return false;
}

/** Null when it is merged, or there was nothing to merge. */
async function tryMerge(ports: WorktreePorts, merging: Merging): Promise<string | null> {
  for (let count = 1; ; count++) {
    try {
      return await mergeOnce(ports, merging);
    } catch (error) {
      // Whatever it is, it is about this work alone: the others go on.
      if (isFailure(error, 'stale-owner')) throw error;
      ports.log.warn({ err: error, agent: merging.agent.name }, 'its work was not merged');
      if (count === triesMax || !isFailure(error, 'tree-moved')) return problemOf(error);
    }
  }
}

async function mergeOnce(ports: WorktreePorts, merging: Merging): Promise<string | null> {
  const { worktrees } = ports;
  const { agent, task, fence } = merging;
  const row = await placeWorktree(ports, merging.row, fence);
  const problem = await unfit(ports, row);
  if (problem !== null) return problem;
  const by = (what: string) => ({
    agent: agent.name,
    message: `${what}${task.title}\n\nBy codeframe: task ${task.id} of agent ${agent.name}.`,
  });
  await worktrees.commit(row, by(''));
  const merge = await worktrees.merge(row, by(`Merge ${row.branch}: `));
  switch (merge.kind) {
    case 'nothing':
      await endTask(ports, merging);
      return null;
    case 'conflict':
      return `both it and ${merge.into} have changed ${merge.paths.map(showPath).join(', ')}`;
    case 'impossible':
      return merge.problem;
    case 'merged':
      await bringIn(ports, merging, merge);
      return null;
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
  merging: Merging,
  merge: Extract<Merge, { kind: 'merged' }>,
): Promise<void> {
  const { store, clock, ids } = ports;
  const { agent, task, fence, row, summary } = merging;
  const mergeId = ids.next('merge');
  const held = await holdAgents(ports, merging.gate)();
  try {
    await applyMerge(ports, merge, {
      mergeId,
      isCommitted: () => store.read((tx) => isMerged(tx, mergeId)),
      commit: () =>
        store.write(
          async (tx) => {
            const data = { taskId: task.id, agent: agent.name, branch: row.branch, into: merge.into };
            const figures = { mergeId, commit: merge.commit, files: merge.files.length };
            await recordEvent(tx, ports, { type: 'work-merged', data: { ...data, ...figures } });
            const to = { kind: 'done', agent: agent.name, at: clock.now(), summary } as const;
            const event = {
              type: 'task-done',
              data: { taskId: task.id, agent: agent.name, summary },
            } as const;
            // Merged all the same when it was cancelled meanwhile: its work is there.
            await changeTask(tx, ports, { task, to, event });
          },
          { fence },
        ),
    });
  } finally {
    held.release();
  }
}

async function endTask(
  ports: ProjectPorts,
  { agent, task, fence, summary }: FinishedWork & { readonly fence: Fence; readonly summary: string },
): Promise<boolean> {
  const to = { kind: 'done', agent: agent.name, at: ports.clock.now(), summary } as const;
  const event = { type: 'task-done', data: { taskId: task.id, agent: agent.name, summary } } as const;
  return ports.store.write((tx) => changeTask(tx, ports, { task, to, event }), { fence });
}

async function answerTo(ports: ProjectPorts, { state }: TaskRow): Promise<string | null> {
  if (state.kind !== 'waiting') return null;
  const blocker = await ports.store.read((tx) => tx.get('blockers', state.blockerId));
  return blocker?.answer?.trim().toLowerCase() ?? null;
}

/** The blocker and the task that waits for it, in one transaction. */
async function block(ports: WorktreePorts, merging: Merging, problem: string): Promise<void> {
  const { agent, task, fence, summary } = merging;
  const question = questionOf(ports, merging, problem);
  const subject: AskSubject = { kind: 'question' };
  const at = ports.clock.now();
  const opened = async (tx: WriteTransaction): Promise<void> => {
    const id = ports.ids.next('blocker');
    const to = { kind: 'waiting', agent: agent.name, since: at, blockerId: id, summary } as const;
    const data = { taskId: task.id, agent: agent.name, blockerId: id };
    const waits = await changeTask(tx, ports, { task, to, event: { type: 'task-waiting', data } });
    // It was cancelled meanwhile.
    if (!waits) return;
    const row = { id, taskId: task.id, agent: agent.name, subject, question };
    await tx.insert('blockers', { ...row, status: 'open', answer: null, createdAt: at, answeredAt: null });
    await recordEvent(tx, ports, { type: 'blocker-opened', data: { ...data, question } });
  };
  await ports.store.write(opened, { fence });
}

function questionOf(
  { worktrees, projectDir }: WorktreePorts,
  { row, agent }: Merging,
  problem: string,
): string {
  return [
    `The work of ${agent.name} is not merged: ${problem}. It is on the branch ${row.branch}; nothing was changed in the project.`,
    `Solve it in its worktree (cd ${worktrees.dirOf(row)}, e.g. git merge with the project's branch), or in the project ` +
      `(cd ${projectDir}, e.g. commit what is in the way, or git merge ${row.branch}).`,
    `Then answer \`again\`, or \`${leave}\` to end the task with its work on its branch.`,
  ].join('\n');
}
