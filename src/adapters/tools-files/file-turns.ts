import type { ToolContext } from '../../agent/tool.ts';
import type { ProjectPath } from './project-path.ts';

/** The end of the last turn at each file, by its real path. */
const last = new Map<string, Promise<unknown>>();

/**
 * Lets whoever looks at a file and then writes it do both before the next one looks: agents work at the same time, and
 * the hash that one compared would be another by the time it writes. All of a project's agents are in one process.
 */
export async function inTurn<T>(path: ProjectPath, context: ToolContext, work: () => Promise<T>): Promise<T> {
  const turn = (last.get(path.real) ?? Promise.resolve()).then(() => {
    context.signal.throwIfAborted();
    return work();
  });
  const ended = turn.catch(() => undefined);
  last.set(path.real, ended);
  try {
    return await turn;
  } finally {
    if (last.get(path.real) === ended) last.delete(path.real);
  }
}
