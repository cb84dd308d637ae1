import type { ProjectHandle } from '../handle.ts';
import { loadLibrary } from './library.ts';
import type { Output } from './output.ts';

/** The process around a command: its streams and its environment. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly C?: string;
  readonly color?: boolean;
}

/** What a command works with. */
export class CliSession {
  readonly out: Output;
  readonly stdin: NodeJS.ReadStream;
  /** Where the command looks for the project. */
  readonly dir: string;
  readonly verbose: boolean;
  #logDir: string | null = null;

  constructor(options: {
    readonly out: Output;
    readonly stdin: NodeJS.ReadStream;
    readonly globals: GlobalOptions;
  }) {
    this.out = options.out;
    this.stdin = options.stdin;
    this.dir = options.globals.C ?? '.';
    this.verbose = options.globals.verbose ?? false;
  }

  /** Where the log of the project is that this command opened; null when it opened none. */
  get logDir(): string | null {
    return this.#logDir;
  }

  /** The project for a command that changes it; close it with `await using`. */
  async open(): Promise<ProjectHandle> {
    return this.#open(false);
  }

  /** The project for a command that only looks: repairs nothing, also not what a dead process left. */
  async openToRead(): Promise<ProjectHandle> {
    return this.#open(true);
  }

  async #open(readOnly: boolean): Promise<ProjectHandle> {
    const library = await loadLibrary();
    const project = await library.openProject(this.dir, { verbose: this.verbose, readOnly });
    this.#logDir = `${project.dataDir}/logs`;
    return project;
  }
}
