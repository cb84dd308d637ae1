import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  CheckpointRemote,
  IncomingCheckpoints,
  RemoteBatch,
  RemoteCheckpoint,
} from '../../checkpoint/checkpoint-transfer.ts';
import type { GitOutput } from '../git-process.ts';
import { gitEnvironment, hasPipes, startFailure } from '../git-process.ts';
import { isCheckpointId } from './checkpoint-ref.ts';
import { Incoming } from './incoming.ts';
import { beginWriting } from './store-turns.ts';
import { remoteFailure } from './remote-failure.ts';
import { storeFailure, type StorePlace } from './store-place.ts';

const namespace = 'refs/codeframe/checkpoints/';

/**
 * Another repository, spoken to with the user's own git settings, for it is those that know its keys and proxies; but
 * none of the user's hooks runs, no tag follows, and nothing is asked on the terminal.
 */
export class GitRemote implements CheckpointRemote {
  readonly #place: StorePlace;
  readonly #url: string;

  constructor(place: StorePlace, url: string) {
    this.#place = place;
    this.#url = url;
  }

  async list(): Promise<readonly RemoteCheckpoint[]> {
    await this.#place.ready();
    const output = await this.#run(['ls-remote', '--', this.#url, `${namespace}*`], {});
    if (output.code !== 0) throw remoteFailure(this.#url, 'list checkpoints', output);
    return output.stdout.toString('latin1').split('\n').flatMap(parseLine);
  }

  async push(batch: RemoteBatch): Promise<void> {
    if (batch.checkpoints.length === 0) return;
    const refspecs = batch.checkpoints.map((one) => `${one.commit}:${refOf(one)}`);
    const args = ['push', '--progress', '--no-verify', '--no-signed', '--', this.#url, ...refspecs];
    await this.#withShared(batch, async (env) => {
      const output = await this.#run(args, { env, onLine: batch.onLine });
      if (output.code !== 0) throw remoteFailure(this.#url, 'push', output);
    });
  }

  async fetch(batch: RemoteBatch): Promise<IncomingCheckpoints> {
    await this.#place.ready();
    const quarantine = await beginWriting(this.#place.dir);
    const refs = batch.checkpoints.map(refOf);
    const args = [
      'fetch',
      '--progress',
      '--no-tags',
      '--no-auto-gc',
      '--no-recurse-submodules',
      '--',
      this.#url,
    ];
    try {
      await this.#withShared(batch, async (env) => {
        const output = await this.#run([...args, ...refs], {
          env: { ...env, ...quarantine.env },
          onLine: batch.onLine,
        });
        if (output.code !== 0) throw remoteFailure(this.#url, 'pull', output);
      });
      return new Incoming(this.#place, quarantine, batch.checkpoints);
    } catch (error) {
      quarantine.remove();
      throw storeFailure(error, this.#place.dir);
    }
  }

  /**
   * Two checkpoints have no commit in common, so git would send all of each. Told that the commits that both have are
   * shallow, which commits without parents are as well, it leaves out what is in their trees. Where a remote does not
   * take that, all is sent.
   */
  async #withShared(batch: RemoteBatch, work: (env: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
    if (batch.shared.length === 0) return work({});
    const file = await beginWriting(this.#place.dir);
    try {
      const path = join(file.dir, 'shallow');
      writeFileSync(path, batch.shared.map((commit) => `${commit}\n`).join(''), { mode: 0o600 });
      await work({ GIT_SHALLOW_FILE: path });
    } catch (error) {
      if (!/shallow/.test(problemText(error))) throw error;
      await work({});
    } finally {
      file.remove();
    }
  }

  #run(
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly onLine?: ((line: string) => void) | undefined },
  ): Promise<GitOutput> {
    const { dir } = this.#place;
    return new Promise((resolve, reject) => {
      const env = { ...gitEnvironment({ GIT_DIR: dir, ...kept() }), ...options.env };
      const child = spawn('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], {
        cwd: dir,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.on('error', (error) => reject(startFailure(error, dir)));
      if (!hasPipes(child)) return;
      const stdout: Buffer[] = [];
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => {
        const text = chunk.toString('utf8');
        stderr += text;
        for (const line of text.split(/[\r\n]+/)) if (/\d+%/.test(line)) options.onLine?.(line.trim());
      });
      child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
    });
  }
}

const settings = [
  'core.hooksPath=/dev/null',
  'push.followTags=false',
  'push.gpgSign=false',
  'push.recurseSubmodules=no',
  'fetch.unpackLimit=1',
  'fetch.fsckObjects=false',
  'fetch.writeCommitGraph=false',
  'protocol.ext.allow=never',
  'core.fsync=all',
] as const;

/** How the user reaches remotes; every other `GIT_…` would name another repository. */
function kept(): NodeJS.ProcessEnv {
  const names = ['GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_SSH_VARIANT', 'GIT_ASKPASS', 'GIT_PROXY_COMMAND'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function refOf({ projectId, id }: RemoteCheckpoint): string {
  return `${namespace}${projectId}/${id}`;
}

function parseLine(line: string): RemoteCheckpoint[] {
  const found = /^([0-9a-f]{40,64})\trefs\/codeframe\/checkpoints\/([^/]+)\/([^/]+)$/.exec(line);
  if (found === null) return [];
  const [, commit = '', projectId = '', id = ''] = found;
  return /^p[0-9a-z]{12}$/.test(projectId) && isCheckpointId(id) ? [{ projectId, id, commit }] : [];
}

function problemText(error: unknown): string {
  const { failure } = error as { readonly failure?: { readonly problem?: string } };
  return failure?.problem ?? '';
}
