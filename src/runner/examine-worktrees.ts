import type { AgentWorktrees, WorktreeState } from '../agent/worktree.ts';
import type { Finding } from '../handle.ts';
import { ok, problem, warning, type Examining } from './examination.ts';

/** Each worktree on disk: whose it is, and what is in it that is merged nowhere. None is ever deleted. */
export async function examineWorktrees({ ports }: Examining): Promise<readonly Finding[]> {
  const { worktrees, store } = ports;
  if (worktrees === undefined) return [];
  const rows = await store.read((tx) => tx.list('worktrees'));
  const findings: Finding[] = [];
  for (const name of await worktrees.names()) {
    const row = rows.find((one) => one.name === name);
    const state = await worktrees.state({ name });
    const dir = worktrees.dirOf({ name });
    if (row === undefined) findings.push(leftOver(worktrees, name, state));
    else if (state !== null)
      findings.push(ok(`agent ${row.agent}`, `its worktree ${dir} is on ${row.branch}: ${held(state)}`));
    else
      findings.push(
        problem(
          `agent ${row.agent}`,
          `its worktree ${dir} is not linked to the repository`,
          'The next `codeframe start` or `resume` links it again; its files stay.',
        ),
      );
  }
  return findings;
}

function leftOver(worktrees: AgentWorktrees, name: string, state: WorktreeState | null): Finding {
  const dir = worktrees.dirOf({ name });
  if (state === null) {
    return warning(
      'worktrees',
      `${dir} is no agent's, and not linked to the repository`,
      'Delete it when you need nothing of it.',
    );
  }
  return warning(
    'worktrees',
    `${dir} is no agent's any more: ${held(state)}`,
    `\`git worktree remove ${dir}\` takes it away, and refuses while there are changes in it; its branch stays.`,
  );
}

function held({ commits, changed }: WorktreeState): string {
  if (commits + changed === 0) return 'all in it is merged';
  return `${commits} commits and ${changed} changed files in it are not merged`;
}
