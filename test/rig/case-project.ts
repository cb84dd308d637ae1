import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import type { RestoreRow } from '../../src/checkpoint/restore.ts';
import type { ProjectHandle } from '../../src/handle.ts';
import { createProject, openProject, type OpenOptions } from '../../src/main.ts';
import { rawPath, treeFacts, type TreeFacts } from './tree-facts.ts';

/** A project opened as a library opens it, in a directory of its own, and what one does to its files. */
export class CaseProject implements AsyncDisposable {
  /** Everything is in it; the project is `project`. */
  readonly place: string;
  readonly root: string;
  readonly home: string;
  #handle: ProjectHandle | undefined;

  private constructor(place: string) {
    this.place = place;
    this.root = join(place, 'project');
    this.home = join(place, 'home');
  }

  /** An empty project, with a repository unless told otherwise. */
  static async make(options: { readonly git?: boolean } & OpenOptions = {}): Promise<CaseProject> {
    const project = new CaseProject(realpathSync(mkdtempSync(join(tmpdir(), 'codeframe-case-'))));
    mkdirSync(project.root);
    if (options.git !== false) project.git('init', '-q', '-b', 'main');
    process.env['CODEFRAME_HOME'] = project.home;
    project.#handle = await createProject(project.root, options);
    return project;
  }

  get handle(): ProjectHandle {
    if (this.#handle === undefined) throw new Error('the project is closed');
    return this.#handle;
  }

  /** As the next process would find it; the project's directory may be another one by now. */
  async reopen(options: OpenOptions = {}, root = this.root): Promise<ProjectHandle> {
    await this.#handle?.close();
    process.env['CODEFRAME_HOME'] = this.home;
    this.#handle = await openProject(root, options);
    return this.#handle;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Writes a file, one character a byte in its name, with the directories above it. */
  write(name: string, text: string | Buffer = '', mode?: number): void {
    const at = rawPath(this.root, name);
    mkdirSync(rawPath(this.root, dirname(name)), { recursive: true });
    writeFileSync(at, text);
    if (mode !== undefined) chmodSync(at, mode);
  }

  link(target: string, name: string): void {
    mkdirSync(rawPath(this.root, dirname(name)), { recursive: true });
    symlinkSync(Buffer.from(target, 'latin1'), rawPath(this.root, name));
  }

  remove(name: string): void {
    rmSync(rawPath(this.root, name), { recursive: true });
  }

  git(...args: readonly string[]): string {
    return runGit(this.root, args);
  }

  /** For what is meant to fail, as a merge with a conflict. */
  gitFails(...args: readonly string[]): void {
    const { status } = spawnSync('git', [...identity, ...args], { cwd: this.root, env: gitEnv() });
    expect(status, `git ${args.join(' ')} was meant to fail`).not.toBe(0);
  }

  commit(message = 'all'): string {
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD').trim();
  }

  async checkpoint(): Promise<string> {
    return (await this.handle.createCheckpoint()).id;
  }

  restore(id: string): Promise<RestoreRow> {
    return this.handle.restore(id);
  }

  undo(): Promise<RestoreRow> {
    return this.handle.undo();
  }

  /** What a checkpoint does not hold. */
  async uncovered(id: string): Promise<readonly (readonly [string, string])[]> {
    const { manifest } = await this.handle.checkpoint(id);
    return manifest.uncovered.map(({ path, reason }) => [path, reason]);
  }

  /** All but the insides of git. */
  facts(): TreeFacts {
    return treeFacts(this.root);
  }

  /**
   * A checkpoint of what is there, then a change: a restore must bring back every byte, mode and link, and undo those of
   * the change. Leaves the change. Answers the checkpoint's id.
   */
  async comesBack(change: () => void | Promise<void>): Promise<string> {
    const before = this.facts();
    const id = await this.checkpoint();
    await change();
    const after = this.facts();
    expect(after, 'the change changes something').not.toEqual(before);
    await this.restore(id);
    expect(this.facts(), 'restored').toEqual(before);
    await this.undo();
    expect(this.facts(), 'undone').toEqual(after);
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
    rmSync(this.place, { recursive: true, force: true });
  }
}

const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'protocol.file.allow=always'];

/** Runs git as a user with no settings of their own. */
export function runGit(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  return execFileSync('git', [...identity, ...args], {
    cwd,
    env: { ...gitEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString('latin1');
}

function gitEnv(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
}
