import type { AgentRow } from '../agent/agent.ts';
import type { AgentWorktrees, WorktreeRow } from '../agent/worktree.ts';
import { awaitedWorktree } from '../checkpoint/worktree-parts.ts';
import { CodeframeError, isFailure } from '../failure.ts';
import { problemOf } from '../problem-of.ts';
import type { Fence } from '../store/store.ts';
import type { ProjectPorts } from './ports.ts';

/** What worktrees need besides the store. */
export type WorktreePorts = ProjectPorts & { readonly worktrees: AgentWorktrees };

/** Throws `cannot-isolate` where there are none. */
export function needWorktrees(ports: ProjectPorts): WorktreePorts {
  const { worktrees } = ports;
  if (worktrees !== undefined) return { ...ports, worktrees };
  throw new CodeframeError({ code: 'cannot-isolate', problem: 'this program was opened without worktrees' });
}

/** The directory in which an isolated agent works on a task: made, put in place after a restore, and for new work up to date. */
export async function worktreeFor(
  ports: ProjectPorts,
  of: { readonly agent: AgentRow; readonly fence: Fence; readonly isNew: boolean },
): Promise<string> {
  const able = needWorktrees(ports);
  try {
    const row = await placeWorktree(able, await rowFor(able, of), of.fence);
    if (of.isNew) await able.worktrees.refresh(row);
    return able.worktrees.dirOf(row);
  } catch (error) {
    if (isFailure(error)) throw error;
    // Told as its task's failure: the other agents go on.
    throw new CodeframeError({ code: 'cannot-isolate', problem: problemOf(error) }, { cause: error });
  }
}

/** Named in the store before it is made: whatever is killed, it is known whose it is. */
async function rowFor(
  { store, worktrees }: WorktreePorts,
  { agent, fence }: { readonly agent: AgentRow; readonly fence: Fence },
): Promise<WorktreeRow> {
  const known = await store.read((tx) => tx.get('worktrees', agent.name));
  if (known !== undefined) return known;
  await worktrees.check();
  const row: WorktreeRow = { agent: agent.name, ...(await worktrees.choose(agent.name)), fromId: null };
  await store.write((tx) => tx.insert('worktrees', row), { fence });
  return row;
}

/** Puts what git knows of it in place, when a restore has asked for that. */
export async function placeWorktree(
  ports: WorktreePorts,
  row: WorktreeRow,
  fence: Fence,
): Promise<WorktreeRow> {
  const { worktrees, store } = ports;
  await worktrees.open(row, await savedFor(ports, row));
  if (row.fromId === null) return row;
  const placed = { ...row, fromId: null };
  await store.write((tx) => tx.update('worktrees', { key: [row.agent], set: { fromId: null } }), { fence });
  return placed;
}

async function savedFor(
  { checkpoints, ids }: WorktreePorts,
  row: WorktreeRow,
): Promise<Parameters<AgentWorktrees['open']>[1]> {
  const awaited = await awaitedWorktree({ checkpoints }, row);
  if (awaited === null) return null;
  const { stored, captured } = awaited;
  return { captured, contents: (objects) => stored.objects(objects), id: ids.next('restore') };
}

/** After a restore. What cannot be put in place now is tried again before its agent works. */
export async function placeWorktrees(ports: ProjectPorts, fence: Fence): Promise<void> {
  const { worktrees, store, log } = ports;
  if (worktrees === undefined) return;
  const rows = (await store.read((tx) => tx.list('worktrees'))).filter(({ fromId }) => fromId !== null);
  for (const row of rows) {
    await placeWorktree({ ...ports, worktrees }, row, fence).catch((error: unknown) => {
      if (isFailure(error, 'stale-owner')) throw error;
      log.error({ err: error, agent: row.agent }, 'what git has of its worktree was not put back yet');
    });
  }
}
