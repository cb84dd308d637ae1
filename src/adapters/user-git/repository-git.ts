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
  options: GitOptions = {},
): Promise<GitOutput> {
  return run(repository, [...settings, 'core.logAllRefUpdates=false'], { args, ...options });
}

/**
 * As `runInRepository`, for what moves the user's refs: synced, and with an entry in the reflogs where the user keeps
 * them.
 */
export function moveInRepository(
  repository: UserRepository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitOutput> {
  const by = { GIT_COMMITTER_NAME: 'codeframe', GIT_COMMITTER_EMAIL: 'codeframe@localhost' };
  const env = { ...by, ...options.env };
  return run(repository, [...settings, ...patience, 'core.fsync=all'], { args, ...options, env });
}

interface GitOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
}

function run(
  repository: UserRepository,
  given: readonly string[],
  { args, cwd, env, input }: GitOptions & { readonly args: readonly string[] },
): Promise<GitOutput> {
  return runGit({
    args: [
      ...given.flatMap((setting) => ['-c', setting]),
      `--git-dir=${repository.gitDir}`,
      `--work-tree=${repository.workTree}`,
      ...args,
    ],
    cwd: cwd ?? repository.workTree,
    env: gitEnvironment(env),
    ...(input === undefined ? {} : { input }),
  });
}

/** Another git has the lock of a ref for a moment; ms. */
const patience = ['core.filesRefLockTimeout=3000', 'core.packedRefsTimeout=3000'] as const;

const settings = [
  'core.hooksPath=/dev/null',
  // Empty, not `false`: before 2.36 the value is the path of a program.
  'core.fsmonitor=',
  'protocol.allow=never',
  'core.quotePath=false',
] as const;
