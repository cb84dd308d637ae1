import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { Output } from '../../log.ts';
import { Tail } from '../output-tail.ts';

export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  readonly clock: Clock;
}

export type Exit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** It never ran. */
  | { readonly kind: 'not-started'; readonly problem: string };

/** How much output is taken in a window; a program that floods is slowed down to it, so that it does not take the runner's time. */
const windowMs = 100;
const windowBytesMax = 1024 * 1024;
/** What was written before the exit is in the pipe; only a process that got away could hold it open. */
const drainMs = 500;

/** A program in a process group of its own. */
export class Program {
  /** Resolves when the program itself has ended; what it started may live on. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Of all its output, in the order in which it was read: that of two pipes is nearly, not always, that of writing. */
  readonly tail = new Tail();
  /** Of its standard output. */
  readonly said = new Tail();
  /** Null when it could not even be tried, e.g. because its arguments are too long. */
  readonly #child: ChildProcess | null;
  readonly #clock: Clock;
  readonly #pipes: readonly Readable[];
  readonly #closed: Promise<unknown>;
  #taken = 0;
  #window: NodeJS.Timeout | null = null;
  #over = false;

  constructor({ command: [file, ...args], dir, env, output, clock }: ProgramOptions) {
    this.#clock = clock;
    const child = trySpawn(file, args, { cwd: dir, env });
    this.#child = child instanceof Error ? null : child;
    this.#pipes = [this.#child?.stdout, this.#child?.stderr].filter((pipe) => pipe instanceof Readable);
    this.#closed = Promise.allSettled(this.#pipes.map((pipe) => once(pipe, 'close')));
    this.exited =
      child instanceof Error ? Promise.resolve(notStarted(child, dir)) : this.#untilExit(child, dir);
    this.#child?.stdout?.on('data', (chunk: Buffer) => this.said.add(chunk));
    for (const pipe of this.#pipes) pipe.on('data', (chunk: Buffer) => this.#take(chunk, output));
  }

  /** To the whole group, also when it is stopped. Nothing when the program has ended: its group may be another's by then. */
  signal(name: 'SIGTERM'): void {
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

  /** After the exit: resolves when the rest of the output has been read. */
  async drain(): Promise<void> {
    const enough = new AbortController();
    this.#openWindow();
    await Promise.race([this.#closed, this.#clock.sleep(drainMs, enough.signal)]);
    enough.abort();
    for (const pipe of this.#pipes) pipe.destroy();
    if (this.#window !== null) clearTimeout(this.#window);
  }

  #untilExit(child: ChildProcess, dir: string): Promise<Exit> {
    return new Promise((resolve) => {
      const end = (exit: Exit): void => {
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

  #take(chunk: Buffer, output: Output): void {
    this.tail.add(chunk);
    output.write(chunk);
    this.#taken += chunk.length;
    this.#window ??= setTimeout(() => this.#openWindow(), windowMs);
    if (this.#taken > windowBytesMax) for (const pipe of this.#pipes) pipe.pause();
  }

  #openWindow(): void {
    if (this.#window !== null) clearTimeout(this.#window);
    this.#window = null;
    this.#taken = 0;
    for (const pipe of this.#pipes) pipe.resume();
  }
}

function trySpawn(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): ChildProcess | Error {
  try {
    return spawn(file, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return error as Error;
  }
}

/** ENOENT is told of the program also when it is the directory that is not there. */
function notStarted(error: Error, dir: string): Exit {
  const problem = existsSync(dir) ? error.message : `the directory ${dir} is not there`;
  return { kind: 'not-started', problem };
}
