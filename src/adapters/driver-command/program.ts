import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { Output } from '../../log.ts';
import { GroupProcess, type ProcessExit } from '../group-process.ts';
import { Tail } from '../output-tail.ts';

export interface ProgramOptions {
  readonly command: readonly [string, ...string[]];
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  readonly clock: Clock;
}

/** How much output is taken in a window; a program that floods is slowed down to it, so that it does not take the runner's time. */
const windowMs = 100;
const windowBytesMax = 1024 * 1024;
/** What was written before the exit is in the pipe; only a process that got away could hold it open. */
const drainMs = 500;

/** A program in a process group of its own. */
export class Program {
  /** Resolves when the program itself has ended; what it started may live on. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Of all its output, in the order in which it was read: that of two pipes is nearly, not always, that of writing. */
  readonly tail = new Tail();
  /** Of its standard output. */
  readonly said = new Tail();
  readonly #process: GroupProcess;
  readonly #clock: Clock;
  readonly #pipes: readonly Readable[];
  readonly #closed: Promise<unknown>;
  #taken = 0;
  #window: NodeJS.Timeout | null = null;

  constructor({ command: [file, ...args], dir, env, output, clock }: ProgramOptions) {
    this.#clock = clock;
    this.#process = new GroupProcess({ file, args, dir, env });
    const { stdout, stderr } = this.#process;
    this.#pipes = [stdout, stderr].filter((pipe) => pipe !== null);
    this.#closed = Promise.allSettled(this.#pipes.map((pipe) => once(pipe, 'close')));
    this.exited = this.#process.exited;
    stdout?.on('data', (chunk: Buffer) => this.said.add(chunk));
    for (const pipe of this.#pipes) pipe.on('data', (chunk: Buffer) => this.#take(chunk, output));
  }

  /** See `GroupProcess`. */
  signal(name: 'SIGTERM'): void {
    this.#process.signal(name);
  }

  /** After the exit: resolves when the rest of the output has been read. */
  async drain(): Promise<void> {
    const enough = new AbortController();
    this.#openWindow();
    await Promise.race([this.#closed, this.#clock.sleep(drainMs, enough.signal)]);
    enough.abort();
    this.#process.letGo();
    if (this.#window !== null) clearTimeout(this.#window);
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
