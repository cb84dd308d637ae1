import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A real repository in a directory, and what it says of itself. */
export class GitScene {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Throws when git does not end with 0. */
  git(...args: readonly string[]): string {
    return execFileSync('git', ['-C', this.dir, ...args], { env: gitEnv, stdio: ['ignore', 'pipe', 'pipe'] })
      .toString()
      .trimEnd();
  }

  /** For commands that stop at a conflict. */
  tryGit(...args: readonly string[]): boolean {
    try {
      this.git(...args);
      return true;
    } catch {
      return false;
    }
  }

  init(): void {
    this.git('init', '--quiet', '--initial-branch=main');
  }

  commitAll(message: string): string {
    this.git('add', '-A');
    this.git('commit', '--quiet', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** HEAD, refs, what the index says, the operation in progress and what `git status` makes of it all. */
  state(): Readonly<Record<string, unknown>> {
    const gitDir = join(this.dir, '.git');
    const read = (name: string): string => readFileSync(join(gitDir, name), 'latin1');
    const files = readdirSync(gitDir).filter((name) => /^[A-Z_]+_HEAD$|^MERGE_|^SQUASH|^BISECT/.test(name));
    const refs = this.git('for-each-ref', '--format=%(refname) %(objectname)').split('\n');
    return {
      head: read('HEAD'),
      refs: refs.filter((ref) => ref !== '' && !ref.startsWith('refs/codeframe/')),
      index: this.git('ls-files', '--stage', '-v'),
      files: Object.fromEntries(files.toSorted().map((name) => [name, read(name)])),
      operations: ['rebase-merge', 'rebase-apply', 'sequencer'].flatMap((name) => filesIn(gitDir, name)),
      status: this.git('status', '--porcelain=v2', '--branch'),
      lock: existsSync(join(gitDir, 'index.lock')),
    };
  }

  /** The refs under which codeframe keeps commits that a restore took away. */
  kept(): readonly string[] {
    const output = this.git('for-each-ref', '--format=%(refname) %(objectname)', 'refs/codeframe/kept');
    return output === '' ? [] : output.split('\n');
  }
}

function filesIn(gitDir: string, name: string): readonly string[] {
  if (!existsSync(join(gitDir, name))) return [];
  const entries = readdirSync(join(gitDir, name), { withFileTypes: true }).filter((entry) => entry.isFile());
  const lines = entries.map((entry) => {
    const path = `${name}/${entry.name}`;
    return `${path}: ${readFileSync(join(gitDir, path), 'latin1')}`;
  });
  return lines.toSorted();
}

const gitEnv: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'tester',
  GIT_AUTHOR_EMAIL: 'tester@localhost',
  GIT_COMMITTER_NAME: 'tester',
  GIT_COMMITTER_EMAIL: 'tester@localhost',
  GIT_EDITOR: 'true',
};
