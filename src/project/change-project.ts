import { CodeframeError } from '../failure.ts';
import type { ReadTransaction, WriteTransaction } from '../store/store.ts';
import { nextState, type ProjectChange, type ProjectState } from './lifecycle.ts';
import type { ProjectRow } from './project.ts';

/** The project's row. It is written when the project is created, so its absence is a broken database. */
export async function readProject(tx: ReadTransaction, projectId: string): Promise<ProjectRow> {
  const row = await tx.get('project', projectId);
  if (row === undefined) {
    throw new CodeframeError({
      code: 'corrupt-database',
      path: 'state.db',
      problem: `it has no row of project ${projectId}`,
      backups: [],
    });
  }
  return row;
}

/**
 * Changes what the project is doing, by compare-and-set on the state that the decision was made on.
 * Throws `wrong-status`, which names the command that would work now, when the change does not fit the state.
 */
export async function changeProject(
  tx: WriteTransaction,
  projectId: string,
  request: { readonly change: ProjectChange; readonly verb: string },
): Promise<{ readonly before: ProjectState; readonly after: ProjectState }> {
  const row = await readProject(tx, projectId);
  const next = nextState(row.state, request.change);
  if (!next.ok) {
    throw new CodeframeError({
      code: 'wrong-status',
      verb: request.verb,
      status: row.status,
      next: next.next,
    });
  }
  await setState(tx, row, next.state);
  return { before: row.state, after: next.state };
}

export async function setState(tx: WriteTransaction, row: ProjectRow, state: ProjectState): Promise<void> {
  const changed = await tx.update('project', {
    key: [row.id],
    expect: { status: row.status },
    set: { status: state.kind, state },
  });
  if (!changed) throw new Error(`the project's status changed inside a transaction`);
}
