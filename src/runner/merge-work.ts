import type { AgentRow } from '../agent/agent.ts';
import type { WorktreeRow } from '../agent/worktree.ts';
import type { AskSubject } from '../agent/session.ts';
import { recordEvent } from '../event/record-event.ts';
import type { Fence, WriteTransaction } from '../store/store.ts';
import { changeTask } from '../task/change-task.ts';
import { finishedSummary, type TaskRow } from '../task/task.ts';
import { mergeWorktree } from './merge-worktree.ts';
import { needWorktrees, type WorktreePorts } from './place-worktree.ts';
import type { ProjectPorts } from './ports.ts';
import type { StepGate } from './step-gate.ts';

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
  const { row, fence, gate, task } = merging;
  const work = { row, fence, gate, taskId: task.id, title: task.title };
  // Merged all the same when it was cancelled meanwhile: its work is there.
  const record = async (tx: WriteTransaction): Promise<void> => void (await markDone(ports, tx, merging));
  const merged = await mergeWorktree(ports, { ...work, record });
  if (merged.kind === 'nothing') await endTask(ports, merging);
  return merged.kind === 'blocked' ? merged.problem : null;
}

type Done = FinishedWork & { readonly fence: Fence; readonly summary: string };

function endTask(ports: ProjectPorts, work: Done): Promise<boolean> {
  return ports.store.write((tx) => markDone(ports, tx, work), { fence: work.fence });
}

function markDone(
  ports: ProjectPorts,
  tx: WriteTransaction,
  { agent, task, summary }: Done,
): Promise<boolean> {
  const to = { kind: 'done', agent: agent.name, at: ports.clock.now(), summary } as const;
  const event = { type: 'task-done', data: { taskId: task.id, agent: agent.name, summary } } as const;
  return changeTask(tx, ports, { task, to, event });
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
