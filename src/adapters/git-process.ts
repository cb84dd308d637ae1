import { spawn, type ChildProcess } from 'node:child_process';
import { CodeframeError } from '../failure.ts';

/** What a git command said. */
export interface GitOutput {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitCommand {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly input?: string | Uint8Array;
}

/**
 * The environment of every git command: nothing of the caller's `GIT_*`, which inside a hook name another repository
 * and index; no optional locks; no questions; messages that can be recognised.
 */
export function gitEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.toUpperCase().startsWith('GIT_'));
  return {
    ...Object.fromEntries(kept),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    LC_ALL: 'C',
    ...extra,
  };
}

/** Runs git to its end. Throws `git-missing`; another exit code than 0 is the caller's to judge. */
export function runGit(command: GitCommand): Promise<GitOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', command.args, { cwd: command.cwd, env: command.env, stdio: 'pipe' });
    child.on('error', (error) => reject(startFailure(error, command.cwd)));
    if (!hasPipes(child)) return;
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') }),
    );
    // A git that ends before it has read everything says why on stderr.
    child.stdin.on('error', () => undefined);
    child.stdin.end(command.input);
  });
}

/**
 * False when too many files are open: Node then makes a child without pipes and tells of it by an `error` event, which ends
 * this process when nobody listens.
 */
export function hasPipes(child: ChildProcess): boolean {
  const { stdout } = child as { readonly stdout?: unknown };
  return stdout !== undefined && stdout !== null;
}

/** What an error of starting git means: ENOENT is also what a missing working directory gives. */
export function startFailure(error: unknown, cwd: string): Error {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path === 'git') {
    return new CodeframeError({ code: 'git-missing', found: null }, { cause: error });
  }
  const problem = error instanceof Error ? error.message : String(error);
  return new CodeframeError(
    { code: 'input-output', path: cwd, doing: 'start git there', problem },
    { cause: error },
  );
}

/** The failure that git's words tell of. `path` is what it was at work on. */
export function gitFailure(
  output: Pick<GitOutput, 'code' | 'stderr'>,
  command: string,
  path: string,
): CodeframeError {
  const { stderr } = output;
  if (/No space left on device|Disk quota exceeded|Out of diskspace/.test(stderr)) {
    return new CodeframeError({ code: 'no-space', path });
  }
  if (/Permission denied|Read-only file system/.test(stderr)) {
    return new CodeframeError({ code: 'no-permission', path, doing: `run git ${command}` });
  }
  const problem = stderr.trim().split('\n').slice(-3).join(' ') || `it ended with code ${output.code}`;
  return new CodeframeError({ code: 'git-failed', command: `git ${command}`, problem });
}
