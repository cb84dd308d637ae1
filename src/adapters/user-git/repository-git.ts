import { gitEnvironment, runGit, type GitOutput } from '../git-process.ts';
import type { UserRepository } from './find-repository.ts';

/**
 * Runs git in the user's repository so that none of the user's programs runs and nothing is written: no hooks, no
 * fsmonitor, no fetching of what a partial clone left out. Naming the directories spares git its search, and with it
 * the refusal of a repository that another user owns.
 */
export function runInRepository(
  repository: UserRepository,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<GitOutput> {
  return runGit({
    args: [
      ...settings.flatMap((setting) => ['-c', setting]),
      `--git-dir=${repository.gitDir}`,
      `--work-tree=${repository.workTree}`,
      ...args,
    ],
    cwd: options.cwd ?? repository.workTree,
    env: gitEnvironment(options.env),
  });
}

const settings = [
  'core.hooksPath=/dev/null',
  // Empty, not `false`: before 2.36 the value is the path of a program.
  'core.fsmonitor=',
  'core.logAllRefUpdates=false',
  'protocol.allow=never',
  'core.quotePath=false',
] as const;
