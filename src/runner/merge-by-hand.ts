import type { AgentMerge } from '../agent/worktree.ts';
import { CodeframeError } from '../failure.ts';
import { nearest } from '../ids.ts';
import { takeLease } from './lease.ts';
import { mergeWorktree } from './merge-worktree.ts';
import { needWorktrees } from './place-worktree.ts';
import type { ProjectPorts } from './ports.ts';
import { recover } from './recover.ts';
import { StepGate } from './step-gate.ts';

/**
 * Commits what is in an agent's worktree and merges it into the project, finished or not, while nobody works there. Throws
 * `project-owned` while a runner does, `unknown-id`, `invalid-argument` for an agent without a worktree, and `not-merged`.
 */
export async function mergeByHand(given: ProjectPorts, agent: string): Promise<AgentMerge> {
  const ports = needWorktrees(given);
  const { store, worktrees } = ports;
  const held = await takeLease(ports, 'agent merge');
  try {
    await recover(ports, held);
    const [agents, row] = await store.read((tx) =>
      Promise.all([tx.list('agents'), tx.get('worktrees', agent)]),
    );
    const names = agents.map(({ name }) => name);
    if (!names.includes(agent))
      throw new CodeframeError({ code: 'unknown-id', kind: 'agent', id: agent, near: nearest(agent, names) });
    if (row === undefined) {
      const problem = `agent ${agent} has no worktree, so that there is nothing to merge`;
      throw new CodeframeError({ code: 'invalid-argument', argument: 'name', problem });
    }
    const { fence } = held;
    const work = { row, fence, gate: new StepGate(), taskId: null, title: `work of ${agent}` };
    const merged = await mergeWorktree(ports, { ...work, record: async () => {} });
    const { branch } = row;
    const worktree = worktrees.dirOf(row);
    switch (merged.kind) {
      case 'nothing':
        return { agent, branch, merged: false, into: null, commit: null, files: 0 };
      case 'merged':
        return { agent, branch, merged: true, into: merged.into, commit: merged.commit, files: merged.files };
      case 'blocked':
        throw new CodeframeError({ code: 'not-merged', agent, branch, worktree, problem: merged.problem });
    }
  } finally {
    await held.release();
  }
}
