import { execFile } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeWorkplace, runCli, spawnCli, type CliResult, type Workplace } from './cli.ts';

const execute = promisify(execFile);

/** One turn of a recorded model. */
export interface Turn {
  readonly text?: string;
  readonly calls?: readonly { readonly tool: string; readonly input: unknown }[];
  readonly delayMs?: number;
}

/** A project in a temporary directory, used through the real program. */
export class Scene implements AsyncDisposable {
  readonly #place: Workplace;
  readonly env: Record<string, string> = {};
  #cwd: string;

  constructor(place: Workplace) {
    this.#place = place;
    this.#cwd = place.dir;
  }

  static async create(): Promise<Scene> {
    return new Scene(await makeWorkplace());
  }

  get dir(): string {
    return this.#place.dir;
  }
  get home(): string {
    return this.#place.home;
  }

  path(name: string): string {
    return path.join(this.dir, name);
  }

  run(...args: readonly string[]): Promise<CliResult> {
    return runCli(args, { cwd: this.#cwd, home: this.home, env: this.env });
  }

  /** Runs a command that must work; answers the objects that `--json` printed. */
  async ok(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const result = await this.run('--json', ...args);
    if (result.exitCode !== 0) {
      throw new Error(
        `codeframe ${args.join(' ')} ended with ${result.exitCode}\n${result.stdout}${result.stderr}`,
      );
    }
    return parseLines(result.stdout);
  }

  async one(...args: readonly string[]): Promise<Record<string, unknown>> {
    const [first] = await this.ok(...args);
    if (first === undefined) throw new Error(`codeframe ${args.join(' ')} printed nothing`);
    return first;
  }

  /** Runs a command that must be refused; answers the failure that `--json` printed. */
  async refused(...args: readonly string[]): Promise<Record<string, unknown>> {
    const result = await this.run('--json', ...args);
    if (result.exitCode === 0)
      throw new Error(`codeframe ${args.join(' ')} was not refused\n${result.stdout}`);
    const error = parseLines(result.stdout).find((line) => 'error' in line)?.['error'];
    if (error === undefined) throw new Error(`no error was printed\n${result.stdout}${result.stderr}`);
    return error as Record<string, unknown>;
  }

  spawn(...args: readonly string[]): ReturnType<typeof spawnCli> {
    return spawnCli(args, { cwd: this.#cwd, home: this.home, env: this.env });
  }

  /** Takes the project's directory away; commands then run from the one above. */
  async removeDirectory(): Promise<void> {
    await rm(this.dir, { recursive: true });
    this.#cwd = path.dirname(this.dir);
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(this.path(name), text);
  }

  read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  async git(...args: readonly string[]): Promise<string> {
    const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@localhost'];
    const { stdout } = await execute('git', ['-C', this.dir, ...identity, ...args], {
      env: gitEnv(this.home),
    });
    return stdout;
  }

  async gitInit(): Promise<void> {
    await this.git('init', '--quiet', '--initial-branch=main');
    await this.write('base.txt', 'base\n');
    await this.git('add', '-A');
    await this.git('commit', '--quiet', '-m', 'base');
  }

  /** A program as an agent, and one task for it. */
  async addProgram(name: string, script: string, ...more: readonly string[]): Promise<void> {
    await writeFile(path.join(this.#place.dir, '..', `${name}.sh`), script, { mode: 0o755 });
    await this.ok(
      'agent',
      'add',
      name,
      '--driver',
      'command',
      ...more,
      '--',
      'sh',
      path.join(this.dir, '..', `${name}.sh`),
    );
    await this.ok('task', 'add', `work of ${name}`, '--agent', name);
  }

  /** A recorded model as an agent, and one task for it. */
  async addRecorded(name: string, turns: readonly Turn[], ...more: readonly string[]): Promise<void> {
    const file = await this.#record(name, turns);
    await this.ok('agent', 'add', name, '--driver', 'model', '--model', `recorded:${file}`, ...more);
    await this.ok('task', 'add', `work of ${name}`, '--agent', name);
  }

  /**
   * Takes the waits out of a recording, for the next run: a turn that is to be paused waits longer than any machine needs
   * for that, and nobody wants to wait so long when the work goes on.
   */
  async dropDelays(name: string, turns: readonly Turn[]): Promise<void> {
    await this.#record(
      name,
      turns.map((turn) => ({ ...turn, delayMs: 0 })),
    );
  }

  async #record(name: string, turns: readonly Turn[]): Promise<string> {
    const file = path.join(this.dir, '..', `${name}.ndjson`);
    await writeFile(file, turns.map((turn) => `${JSON.stringify(turn)}\n`).join(''));
    return file;
  }

  /** Waits until a file has at least so many bytes. */
  async grown(name: string, bytesMin = 1): Promise<void> {
    await until(`${name} to have ${bytesMin} bytes`, async () => {
      const size = await stat(this.path(name)).then(
        (found) => found.size,
        () => 0,
      );
      return size >= bytesMin;
    });
  }

  /** Waits until something is at an absolute path. */
  async grownAt(place: string): Promise<void> {
    await until(`${place} to be there`, () =>
      stat(place).then(
        () => true,
        () => false,
      ),
    );
  }

  async status(): Promise<Record<string, unknown>> {
    return this.one('status');
  }

  async untilStatus(wanted: string): Promise<void> {
    await until(`the status ${wanted}`, async () => (await this.status())['status'] === wanted);
  }

  /** Waits for an event that is in the log or comes. */
  async untilEvent(isMeant: (event: Record<string, unknown>) => boolean): Promise<void> {
    await until('an event', async () => (await this.ok('events')).some(isMeant));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('stop', '--grace', '0s');
    await this.#place[Symbol.asyncDispose]();
  }
}

export function parseLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Looks again every few milliseconds until it is so; a test that waits for ever is ended by its own time limit. */
export async function until(what: string, isSo: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function gitEnv(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: `${home}-user`,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  };
}
