import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runProgram, type BenchProject } from './bench-project.ts';
import { say, Times } from './figures.ts';

interface OtherProgram {
  readonly name: string;
  readonly prepare: (repository: string) => readonly string[];
  readonly backUp: (repository: string, root: string) => readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const others: readonly OtherProgram[] = [
  {
    name: 'restic',
    prepare: (repository) => ['init', '-q', '-r', repository],
    backUp: (repository, root) => ['backup', '-q', '-r', repository, root],
    env: { RESTIC_PASSWORD: 'bench' },
  },
  {
    name: 'borg',
    prepare: (repository) => ['init', '-e', 'none', repository],
    backUp: (repository, root) => ['create', `${repository}::{utcnow}`, root],
    env: { BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' },
  },
];

/** The same edits through programs that make backups, when they are on PATH. */
export async function compareOthers(
  project: BenchProject,
  work: { readonly edited: number; readonly oursMs: number; readonly goal: number },
): Promise<void> {
  for (const { name, prepare, backUp, env } of others) {
    if (spawnSync(name, ['--version']).error !== undefined) {
      say(`${name}, incremental`, 'not measured: it is not on PATH');
      continue;
    }
    const repository = join(project.place, name);
    const run = (args: readonly string[]): string => runProgram(name, args, { cwd: project.place, env });
    run(prepare(repository));
    run(backUp(repository, project.root));
    const times = new Times();
    for (let round = 0; round < 2; round++) {
      project.edit(work.edited);
      await times.add(() => run(backUp(repository, project.root)));
    }
    const ratio = times.best / work.oursMs;
    const verdict = ratio >= work.goal ? 'met' : 'missed';
    say(
      `${name}, incremental`,
      `${times.best.toFixed(0)} ms: ${ratio.toFixed(1)} x ours (goal ${work.goal} x: ${verdict})`,
    );
  }
}
