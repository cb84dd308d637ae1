import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { knownFormat } from './known-store.ts';
import { gitEnvironment, gitFailure, runGit, type GitOutput } from '../git-process.ts';

/** The oldest git that the tests ran with. */
const versionNeeded = [2, 25] as const;

/**
 * What the store's repository is told. `fsync`: git syncs neither refs nor indexes by itself. `unpackLimit`: a
 * checkpoint is one pack, one file to sync, not a hundred loose objects. Nothing is ever collected behind our back.
 */
const configuration = `[core]
\tfsync = all
\tlogAllRefUpdates = false
\tcompression = 1
[gc]
\tauto = 0
[maintenance]
\tauto = false
[fastimport]
\tunpackLimit = 0
[pack]
\tcompression = 1
`;

/** The bare repository of a project's checkpoints. */
export class StorePlace {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  #ready: Promise<ObjectFormat> | undefined;

  /** `extra`: of the environment, for git to look elsewhere too. */
  constructor(dir: string, extra: NodeJS.ProcessEnv = {}) {
    this.dir = dir;
    this.env = { ...storeEnvironment(dir), ...extra };
  }

  exists(): boolean {
    return existsSync(this.dir);
  }

  /** Makes it when it is not there. Throws `git-missing`, and `corrupt-store` for what is there and is no store. */
  ready(): Promise<ObjectFormat> {
    this.#ready ??= this.#prepare();
    // What failed may work the next time: there may be space again.
    this.#ready.catch(() => (this.#ready = undefined));
    return this.#ready;
  }

  run(args: readonly string[], input?: string | Uint8Array): Promise<GitOutput> {
    return runGit({ args, cwd: this.dir, env: this.env, ...(input === undefined ? {} : { input }) });
  }

  corrupt(problem: string): CodeframeError {
    return new CodeframeError({ code: 'corrupt-store', path: this.dir, problem });
  }

  async #prepare(): Promise<ObjectFormat> {
    if (!this.exists()) await this.#make();
    if (!statSync(this.dir).isDirectory()) throw this.corrupt('it is no directory');
    const known = knownFormat(this.dir, configuration);
    if (known !== undefined) return known;
    const output = await this.run(['rev-parse', '--is-bare-repository', '--show-object-format']);
    if (output.code !== 0) throw this.corrupt(output.stderr.trim());
    const [bare, format] = output.stdout.toString('utf8').trim().split('\n');
    if (bare !== 'true') throw this.corrupt('it is no bare repository');
    return format === 'sha256' ? 'sha256' : 'sha1';
  }

  /** Made under another name and renamed: a store is there whole or not at all. */
  async #make(): Promise<void> {
    const partial = `${this.dir}.new-${process.pid}`;
    const version = await checkVersion(dirname(this.dir));
    try {
      await mkdir(dirname(this.dir), { recursive: true, mode: 0o700 });
      rmSync(partial, { recursive: true, force: true });
      await mkdir(partial, { mode: 0o700 });
      await this.#initialise(partial, version);
      renameSync(partial, this.dir);
      syncPath(dirname(this.dir));
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      // Another process was faster.
      if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw storeFailure(error, this.dir);
    }
  }

  async #initialise(dir: string, version: readonly [number, number]): Promise<void> {
    // Loose refs are what this program syncs; git 3 would choose another format.
    const format = version[0] > 2 || version[1] >= 45 ? ['--ref-format=files'] : [];
    const args = ['init', '--quiet', '--bare', '--template=', ...format, dir];
    const output = await runGit({ args, cwd: dir, env: this.env });
    if (output.code !== 0) throw gitFailure(output, 'init', this.dir);
    await appendFile(join(dir, 'config'), configuration);
    await mkdir(join(dir, 'refs', 'checkpoints'), { recursive: true, mode: 0o700 });
    await mkdir(join(dir, 'objects', 'pack'), { recursive: true, mode: 0o700 });
    for (const name of ['config', 'HEAD', 'refs/checkpoints', 'refs', 'objects/pack', 'objects', '.']) {
      syncPath(join(dir, name));
    }
  }
}

export type ObjectFormat = 'sha1' | 'sha256';

/** No configuration but the store's own: the user's could name filters, hooks, or another object format. */
function storeEnvironment(dir: string): NodeJS.ProcessEnv {
  return gitEnvironment({
    GIT_DIR: dir,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    // For a git that does not know GIT_CONFIG_GLOBAL yet (2.32).
    HOME: dir,
    XDG_CONFIG_HOME: dir,
  });
}

async function checkVersion(cwd: string): Promise<readonly [number, number]> {
  await mkdir(cwd, { recursive: true, mode: 0o700 });
  const output = await runGit({ args: ['version'], cwd, env: storeEnvironment(cwd) });
  const found = /(\d+)\.(\d+)[.\w]*/.exec(output.stdout.toString('utf8'));
  const version = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)] as const;
  if (version[0] < versionNeeded[0] || (version[0] === versionNeeded[0] && version[1] < versionNeeded[1])) {
    throw new CodeframeError({ code: 'git-missing', found: found?.[0] ?? null });
  }
  return version;
}

/** Brings a file's bytes, or a directory's names, to the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes a small file that is a hint only: no sync, and no failure. */
export function writeHint(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch {
    // Without the hint the next checkpoint finds out for itself.
    rmSync(path, { force: true });
  }
}

/** The failure that an error of `fs` stands for. */
export function storeFailure(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof CodeframeError) return error;
  const cause = { cause: error };
  if (code === 'ENOSPC' || code === 'EDQUOT') return new CodeframeError({ code: 'no-space', path }, cause);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new CodeframeError({ code: 'no-permission', path, doing: 'write the checkpoint' }, cause);
  }
  return new CodeframeError(
    { code: 'input-output', path, doing: 'write the checkpoint', problem: message },
    cause,
  );
}
