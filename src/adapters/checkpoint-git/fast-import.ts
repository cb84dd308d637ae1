import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { gitFailure, startFailure } from '../git-process.ts';
import type { Quarantine } from './quarantine.ts';
import type { StorePlace } from './store-place.ts';

const lineFeed = Buffer.from('\n');
/** Small blobs are sent together: each system call costs more than its bytes. */
const sendBytes = 128 * 1024;

/**
 * One `git fast-import`: takes blobs as they come, then one commit, and leaves a synced pack with exactly the new
 * objects in its quarantine. It knows no ref of ours: the commit is made on a branch that is taken back before the end.
 */
export class FastImport {
  readonly #place: StorePlace;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | null>;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #stdout = '';
  #stderr = '';
  #startError: unknown;

  constructor(place: StorePlace, quarantine: Quarantine) {
    this.#place = place;
    const args = ['fast-import', '--quiet', '--done', '--date-format=raw', '--depth=0'];
    this.#child = spawn('git', args, {
      cwd: place.dir,
      env: { ...place.env, ...quarantine.env },
      stdio: 'pipe',
    });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString('latin1')));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString('latin1')));
    // A git that ended early says why on stderr; what was written to it after that is lost, as it must be.
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => (this.#startError = error));
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', resolve);
    });
  }

  /** Waits only when git is behind. */
  async blob(bytes: Uint8Array): Promise<void> {
    this.#unsent.push(Buffer.from(`blob\ndata ${bytes.length}\n`), bytes, lineFeed);
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes >= sendBytes && !this.#send()) await this.#drained();
  }

  /** Makes the commit and ends. Resolves when its pack is complete and synced. */
  async commit(commit: ImportCommit): Promise<ObjectId> {
    this.#send();
    this.#child.stdin.end(Buffer.from(commitCommands(commit), 'latin1'));
    const code = await this.#ended;
    const made = /^([0-9a-f]{40,64})\n/.exec(this.#stdout)?.[1];
    if (code !== 0 || made === undefined) throw this.#failure(code);
    return made;
  }

  /** Ends git; nothing names what it wrote so far. Nothing when it has ended. */
  async abort(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    if (this.#child.pid !== undefined) this.#removeReport(this.#child.pid);
  }

  /** Answers whether git keeps up. */
  #send(): boolean {
    const bytes = Buffer.concat(this.#unsent.splice(0));
    this.#unsentBytes = 0;
    return this.#child.stdin.write(bytes);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#child.stdin.off('drain', finish);
        this.#child.off('close', finish);
        resolve();
      };
      this.#child.stdin.on('drain', finish);
      this.#child.on('close', finish);
    });
  }

  #failure(code: number | null): Error {
    if (this.#startError !== undefined) return startFailure(this.#startError, this.#place.dir);
    if (this.#child.pid !== undefined) this.#removeReport(this.#child.pid);
    const missing = /(?:not found|missing|Not a (?:blob|tree|commit)|invalid dataref)[^\n]*/i.exec(
      this.#stderr,
    )?.[0];
    if (missing !== undefined) return this.#place.corrupt(missing);
    const stderr = this.#stderr.replaceAll(/^fast-import: .*$/gm, '');
    return gitFailure({ code, stderr }, 'fast-import', this.#place.dir);
  }

  #removeReport(pid: number): void {
    rmSync(join(this.#place.dir, `fast_import_crash_${pid}`), { force: true });
  }
}

export interface ImportCommit {
  readonly branch: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly message: string;
  /** The tree to start from: that of an earlier checkpoint. */
  readonly base: ObjectId | undefined;
  readonly deleted: readonly string[];
  readonly changed: readonly { readonly path: string; readonly mode: string; readonly object: ObjectId }[];
}

function commitCommands(commit: ImportCommit): string {
  const message = Buffer.from(commit.message, 'utf8').toString('latin1');
  const lines = [
    `commit ${commit.branch}`,
    'mark :1',
    `committer codeframe <codeframe@localhost> ${commit.at} +0000`,
    `data ${message.length}`,
    message,
  ];
  if (commit.base !== undefined) lines.push(`M 040000 ${commit.base} ""`);
  // Deletions first: a file may have to make room for a directory of its name.
  for (const path of commit.deleted) lines.push(`D ${quotePath(path)}`);
  for (const { mode, object, path } of commit.changed) lines.push(`M ${mode} ${object} ${quotePath(path)}`);
  // A branch that is reset to nothing is not written: the ref is another step, and with one here locks would be, too.
  lines.push('', 'get-mark :1', `reset ${commit.branch}`, '', 'done', '');
  return lines.join('\n');
}

/** As git reads paths: in C's quotes where one character means something else. */
function quotePath(path: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_./+@=,~-]*$/.test(path)) return path;
  return `"${path.replaceAll(/[\0-\x1f"\\\x7f-\xff]/g, quoteByte)}"`;
}

function quoteByte(character: string): string {
  return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
