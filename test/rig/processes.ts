import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition; the test's own timeout is its end. Answers what the condition did. */
export async function until<T>(condition: () => T | null | undefined | false): Promise<T> {
  for (;;) {
    const met = condition();
    if (met !== null && met !== undefined && met !== false) return met;
    await sleep(5);
  }
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The pids that a script wrote into a file, one a line. */
export function pidsIn(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** Whether a process runs code: a zombie does not. Looks by itself, so that it can judge what it tests. */
export function runs(pid: number): boolean {
  const state = stateOf(pid);
  return state !== null && state !== 'Z' && state !== 'X';
}

/** The letter of proc(5); null when there is no such process. */
export function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] ?? null;
  } catch {
    // ENOENT, or ESRCH when it ends between open and read.
    return null;
  }
}

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** A directory with processes in it: both are gone after `end`, also when the test failed. */
export class ProcessRig {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-processes-')));
  readonly #children: ChildProcess[] = [];

  path(name: string): string {
    return join(this.dir, name);
  }

  /** Starts `sh -c script` in a session of its own, in the rig's directory. */
  sh(script: string, env: Readonly<Record<string, string>> = {}, as: User = {}): ChildProcess {
    return this.start(['sh', '-c', script], env, as);
  }

  start(
    command: readonly [string, ...string[]],
    env: Readonly<Record<string, string>> = {},
    as: User = {},
  ): ChildProcess {
    const [file, ...args] = command;
    const child = spawn(file, args, {
      ...as,
      cwd: this.dir,
      env: { PATH: process.env['PATH'], ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return child;
  }

  /**
   * Resolves when a bystander, who writes as often as the scripts here do, has written ten more lines: if one of the
   * scripts still wrote, it would have done so too.
   */
  async whileOthersWrite(): Promise<void> {
    const file = this.path('bystander');
    const bystander = this.sh(`while :; do echo x >> ${file}; sleep 0.02; done`);
    const before = sizeOf(file);
    await until(() => sizeOf(file) >= before + 20);
    bystander.kill('SIGKILL');
    await once(bystander, 'exit');
  }

  /** Every process that still works in the rig's directory is one that the test leaked: it is killed and named. */
  async end(leaked: readonly number[]): Promise<void> {
    for (const child of this.#children) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killQuietly(-child.pid);
    }
    const alive = leaked.filter(runs);
    alive.forEach(killQuietly);
    await until(() => !alive.some(runs));
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Writes a line every 20 ms and does not end on SIGTERM. The file's directory gets its pid in `pids`. */
export function writer(file: string): string {
  return `trap "" TERM HUP INT; echo $$ >> pids; while :; do echo x >> ${file}; sleep 0.02; done`;
}

/**
 * A program as hard to end as an agent's can be: it ignores SIGTERM and writes; a child wiped its environment; one
 * left the session by forking twice; one wiped its environment and lost its parent; one wiped its environment and
 * left the session. Five writers: main, wiped, daemon, orphan, session.
 */
export const stubborn = [
  `env -i PATH="$PATH" sh -c '${writer('wiped')}' &`,
  `( setsid sh -c '${writer('daemon')}' & )`,
  `( env -i PATH="$PATH" sh -c '${writer('orphan')}' & )`,
  `env -i PATH="$PATH" setsid sh -c '${writer('session')}' &`,
  writer('main'),
].join('\n');
export const stubbornFiles = ['main', 'wiped', 'daemon', 'orphan', 'session'] as const;
