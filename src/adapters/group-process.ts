import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

export interface GroupCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Left out: it reads nothing. */
  readonly stdin?: 'pipe' | 'ignore';
}

export type ProcessExit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** It never ran. */
  | { readonly kind: 'not-started'; readonly problem: string };

/** A process in a group of its own, with pipes. */
export class GroupProcess {
  /** Resolves when it has ended; what it started may live on. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Null when it could not even be tried, e.g. because its arguments are too long. */
  readonly #child: ChildProcess | null;
  #over = false;

  constructor({ file, args, dir, env, stdin = 'ignore' }: GroupCommand) {
    const child = trySpawn(file, args, { dir, env, stdin });
    this.#child = child instanceof Error ? null : child;
    this.exited =
      child instanceof Error ? Promise.resolve(notStarted(child, dir)) : this.#untilExit(child, dir);
  }

  get stdin(): Writable | null {
    return this.#child?.stdin ?? null;
  }

  get stdout(): Readable | null {
    return this.#child?.stdout ?? null;
  }

  get stderr(): Readable | null {
    return this.#child?.stderr ?? null;
  }

  /** To the whole group, also when it is stopped. Nothing when it has ended: its group may be another's by then. */
  signal(name: 'SIGTERM' | 'SIGINT'): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#over) return;
    for (const one of [name, 'SIGCONT'] as const) {
      try {
        process.kill(-pid, one);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ESRCH' && code !== 'EPERM') throw error;
      }
    }
  }

  /** Reads no more, so that a process that got away with the pipes keeps nothing open here. May be called twice. */
  letGo(): void {
    for (const pipe of [this.stdin, this.stdout, this.stderr]) pipe?.destroy();
  }

  #untilExit(child: ChildProcess, dir: string): Promise<ProcessExit> {
    return new Promise((resolve) => {
      const end = (exit: ProcessExit): void => {
        this.#over = true;
        resolve(exit);
      };
      child.once('exit', (code, signal) =>
        end(code === null ? { kind: 'signal', signal: signal ?? 'unknown' } : { kind: 'code', code }),
      );
      child.on('error', (error) => {
        // A failing kill(2) is told here too, and the program lives on.
        if (child.pid === undefined) end(notStarted(error, dir));
      });
    });
  }
}

/** How a process ended, for people. */
export function exitWords(exit: ProcessExit): string {
  switch (exit.kind) {
    case 'code':
      return `exited with code ${exit.code}`;
    case 'signal':
      return `was ended by ${exit.signal}`;
    case 'not-started':
      return `could not be started: ${exit.problem}`;
  }
}

function trySpawn(
  file: string,
  args: readonly string[],
  of: { readonly dir: string; readonly env: NodeJS.ProcessEnv; readonly stdin: 'pipe' | 'ignore' },
): ChildProcess | Error {
  try {
    return spawn(file, args, { cwd: of.dir, env: of.env, detached: true, stdio: [of.stdin, 'pipe', 'pipe'] });
  } catch (error) {
    return error as Error;
  }
}

/** ENOENT is told of the program also when it is the directory that is not there. */
function notStarted(error: Error, dir: string): ProcessExit {
  const problem = existsSync(dir) ? error.message : `the directory ${dir} is not there`;
  return { kind: 'not-started', problem };
}
