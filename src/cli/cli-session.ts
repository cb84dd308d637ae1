import { join, resolve } from 'node:path';
import type { RecoveredRestore } from '../checkpoint/recover-restore.ts';
import type { Finding, MoveOptions, ProjectHandle } from '../handle.ts';
import type { importExport, OpenPlace, pullProject } from '../main-moving.ts';
import { recoveredLines } from './restore-progress.ts';
import type { Output } from './output.ts';

/** The process around a command. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted when nobody reads standard output any more. */
  readonly gone: AbortSignal;
}

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly C?: string;
  readonly color?: boolean;
}

/** What a command works with. `main.ts` is loaded only when a command needs a project: the help stays quick. */
export class CliSession {
  readonly out: Output;
  readonly streams: Surroundings;
  /** Where the command looks for the project. */
  readonly dir: string;
  readonly verbose: boolean;
  #logDir: string | null = null;
  #redact = (text: string): string => text;

  constructor(options: {
    readonly out: Output;
    readonly streams: Surroundings;
    readonly globals: GlobalOptions;
  }) {
    this.out = options.out;
    this.streams = options.streams;
    this.dir = options.globals.C ?? '.';
    this.verbose = options.globals.verbose ?? false;
  }

  /** Where the log of the project is that this command opened; null when it opened none. */
  get logDir(): string | null {
    return this.#logDir;
  }

  /** A text without the secrets of the project that this command opened. */
  redact(text: string): string {
    return this.#redact(text);
  }

  /** The project that the command's directory is in; close it with `await using`. */
  async open(): Promise<ProjectHandle> {
    const { openProject } = await import('../main.ts');
    const onRecovered = (recovered: RecoveredRestore): void => this.out.note(...recoveredLines(recovered));
    const options = { ...program, verbose: this.verbose, onRecovered };
    return this.#remember(await openProject(this.dir, options));
  }

  /** Makes a directory a project. */
  async create(dir: string, name?: string): Promise<ProjectHandle> {
    const { createProject } = await import('../main.ts');
    const named = name === undefined ? {} : { name };
    return this.#remember(await createProject(dir, { ...program, ...named, verbose: this.verbose }));
  }

  /** A path that the user gives, seen from where the command looks for the project. */
  path(given: string): string {
    return resolve(this.dir, given);
  }

  /** Makes the database of the project here anew when it is missing or damaged. */
  async repairDatabase(): Promise<readonly Finding[]> {
    const { repairDatabase } = await import('../main-repair.ts');
    return repairDatabase(this.dir);
  }

  /** The project that an export holds, made in a directory. */
  async importExport(file: string, dir: string): ReturnType<typeof importExport> {
    const { importExport } = await import('../main-moving.ts');
    return this.#rememberArrived(await importExport({ file, dir }, await this.#openPlace()));
  }

  /** The project that a remote has, made in the command's directory. */
  async pullProject(pulling: {
    readonly remote: string;
    readonly options: MoveOptions;
    readonly projectId: string | undefined;
  }): ReturnType<typeof pullProject> {
    const { pullProject } = await import('../main-moving.ts');
    const { remote, options, projectId } = pulling;
    const request = { ...options, remote, projectId, dir: this.path('.') };
    return this.#rememberArrived(await pullProject(request, await this.#openPlace()));
  }

  async #openPlace(): Promise<OpenPlace> {
    const { openPlace } = await import('../main.ts');
    return (place) => openPlace(place, { ...program, verbose: this.verbose });
  }

  #rememberArrived<Arrived extends { readonly project: ProjectHandle }>(arrived: Arrived): Arrived {
    this.#remember(arrived.project);
    return arrived;
  }

  #remember(project: ProjectHandle): ProjectHandle {
    this.#logDir = join(project.dataDir, 'logs');
    this.#redact = (text) => project.redact(text);
    return project;
  }
}

/** Who acts, in the events and in the log. */
const program = { program: 'cli' } as const;
