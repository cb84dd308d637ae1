import { fork } from 'node:child_process';
import { once } from 'node:events';
import { BenchProject } from './bench-project.ts';
import { sayLimit } from './figures.ts';

/** What a runner is asked for: a checkpoint, by the feed or by a look at everything. */
interface Asked {
  readonly byFeed: boolean;
}

/**
 * What checkpoints add to the memory of a process that has had a project open, and done nothing: the most that it has held
 * after any of them. The process is another one, as what makes the tree leaves its own behind.
 */
export async function measureMemory(project: BenchProject, files: number): Promise<void> {
  await measure(project, { files, state: 'data', what: 'memory over an idle runner' });
  await measure(project, { files, state: 'data-anew', what: 'the same, with the first checkpoint' });
}

async function measure(
  project: BenchProject,
  { files, state, what }: { readonly files: number; readonly state: string; readonly what: string },
): Promise<void> {
  const runner = fork(process.argv[1] ?? '', ['--runner', project.place, '--state', state]);
  const answer = async (): Promise<number> => Number((await once(runner, 'message'))[0]);
  const idle = await answer();
  const edits = [0, files / 100, 10, files / 100, 10, files / 100];
  let most = idle;
  for (const [round, edited] of edits.entries()) {
    project.edit(edited);
    runner.send({ byFeed: round % 2 === 0 } satisfies Asked);
    most = Math.max(most, await answer());
  }
  runner.disconnect();
  await once(runner, 'exit');
  sayLimit(`${files} files: ${what}`, { ours: (most - idle) / 1e6, unit: 'MB', goal: 300 });
}

/** The process that is measured. `state`: the directory in the place for what is not the project's. */
export async function runAsRunner(place: string, state: string): Promise<void> {
  const project = await BenchProject.open(place, state);
  const tell = (): void => void process.send?.(process.memoryUsage().rss);
  process.on('message', (asked: Asked) => void project.checkpoint(asked).then(tell));
  tell();
  await once(process, 'disconnect');
  await project.close();
}
