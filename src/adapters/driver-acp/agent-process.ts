import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Output } from '../../log.ts';
import { Tail } from '../output-tail.ts';

export interface AgentCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where what it says on standard error goes. */
  readonly output: Output;
}

export type AgentExit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly problem: string };

/** An agent's own process, in a group of its own, with pipes. */
export class AgentProcess {
  /** Resolves when it has ended; never rejects. What it started may live on. */
  readonly exited: Promise<AgentExit>;
  /** The end of what it said on standard error. */
  readonly complaints = new Tail();
  readonly #child: ChildProcess | null;
  #over = false;

  constructor({ file, args, dir, env, output }: AgentCommand) {
    const child = trySpawn(file, args, { cwd: dir, env });
    this.#child = child instanceof Error ? null : child;
    this.exited =
      child instanceof Error ? Promise.resolve(notStarted(child, dir)) : this.#untilExit(child, dir);
    // A program that ends without reading its input is told by its exit.
    this.#child?.stdin?.on('error', () => {});
    this.#child?.stderr?.on('data', (chunk: Buffer) => {
      this.complaints.add(chunk);
      output.write(chunk);
    });
  }

  get stdin(): NodeJS.WritableStream | null {
    return this.#child?.stdin ?? null;
  }

  get stdout(): Readable | null {
    return this.#child?.stdout ?? null;
  }

  /** What it reads ends. May be called twice. */
  endInput(): void {
    this.#child?.stdin?.end();
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

  /** Reads no more, so that a process that got away with the pipes keeps nothing open here. */
  letGo(): void {
    for (const pipe of [this.#child?.stdin, this.#child?.stdout, this.#child?.stderr]) pipe?.destroy();
  }

  #untilExit(child: ChildProcess, dir: string): Promise<AgentExit> {
    return new Promise((resolve) => {
      const end = (exit: AgentExit): void => {
        this.#over = true;
        resolve(exit);
      };
      child.once('exit', (code, signal) =>
        end(code === null ? { kind: 'signal', signal: signal ?? 'unknown' } : { kind: 'code', code }),
      );
      child.on('error', (error) => {
        if (child.pid === undefined) end(notStarted(error, dir));
      });
    });
  }
}

/** How it ended, and the last that it said, for people. */
export function exitWords(exit: AgentExit, complaints: Tail): string {
  const how =
    exit.kind === 'code'
      ? `exited with code ${exit.code}`
      : exit.kind === 'signal'
        ? `was ended by ${exit.signal}`
        : `could not be started: ${exit.problem}`;
  const said = complaints.lastLines(3).join(' | ');
  return said === '' ? how : `${how}: ${said}`;
}

function trySpawn(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): ChildProcess | Error {
  try {
    return spawn(file, args, { ...options, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    return error as Error;
  }
}

/** ENOENT is told of the program also when it is the directory that is not there. */
function notStarted(error: Error, dir: string): AgentExit {
  return {
    kind: 'not-started',
    problem: existsSync(dir) ? error.message : `the directory ${dir} is not there`,
  };
}
