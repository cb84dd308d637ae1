import type { Store } from '../store/store.ts';
import { showPath } from './tree.ts';
import type { CapturedGit } from './user-git.ts';

/** The file from which `git rebase --continue` goes on, from git's directory. */
export const rebaseTodo = 'rebase-merge/git-rebase-todo';

/** The commands that a rebase in progress would have git run, as its lines name them. */
export function rebaseCommands({ parts }: Pick<CapturedGit, 'parts'>): readonly string[] {
  const todo = parts.find(({ path }) => path === `git/${rebaseTodo}`);
  const lines = Buffer.from(todo?.bytes ?? [])
    .toString('latin1')
    .split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => /^(?:x|exec)(?:\s|$)/.test(line))
    .map(showPath);
}

/**
 * Whether a checkpoint was made by this project here, and not brought by an import or a pull: what has come from elsewhere may
 * say anything. The log of what happened elsewhere ends where it arrived.
 */
export async function wasMadeHere(store: Store, checkpointId: string): Promise<boolean> {
  const [arrivals, made] = await store.read((tx) =>
    Promise.all([
      tx.list('events', { where: { type: 'project-arrived' }, orderBy: 'seq', descending: true, limit: 1 }),
      tx.list('events', { where: { type: 'checkpoint-created' } }),
    ]),
  );
  const arrivedAt = arrivals[0]?.seq ?? 0;
  return made.some(({ seq, data }) => {
    if (seq <= arrivedAt || !('checkpointId' in data) || !('durationMs' in data)) return false;
    // One that was found in the store took no time: who wrote it is not known.
    return data.checkpointId === checkpointId && data.durationMs > 0;
  });
}
