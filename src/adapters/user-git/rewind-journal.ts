import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { syncPath, writeSynced } from './synced-file.ts';

/*
 * `<journal>/<restoreId>.git/`: `job.json`, and beside it the bytes of each file that changes, as `<n>.from` and `<n>.to`.
 * It appears whole (rename) before anything in the repository is touched, and never changes.
 */

const format = 'codeframe-git-restore';
const version = 1;

/** What a restore does to the repository. */
export interface Rewind {
  readonly restoreId: string;
  readonly gitDir: string;
  readonly commonDir: string;
  readonly workTree: string;
  readonly head: { readonly from: string; readonly to: string };
  readonly refs: readonly {
    readonly name: string;
    readonly from: string | null;
    readonly to: string | null;
  }[];
  /** The refs that keep what would be lost. */
  readonly kept: readonly { readonly name: string; readonly object: string }[];
  /** From git's directory; the index among them. */
  readonly files: readonly RewoundFile[];
}

export interface RewoundFile {
  readonly path: string;
  /** Null: no such file. */
  readonly from: Buffer | null;
  readonly to: Buffer | null;
  /** When the old one was written, s since 1970: git tells by the index's time which of its entries it may believe. */
  readonly fromSeconds: number | null;
}

export class RewindJournal {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  write(rewind: Rewind): void {
    const place = this.#place(rewind.restoreId);
    const partial = `${place}.partial`;
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { mode: 0o700 });
    const files = rewind.files.map(({ path, from, to, fromSeconds }, index) => {
      for (const [end, bytes] of Object.entries({ from, to })) {
        if (bytes !== null) writeSynced(join(partial, `${index}.${end}`), bytes);
      }
      return { path, from: from !== null, to: to !== null, fromSeconds };
    });
    writeSynced(join(partial, 'job.json'), `${JSON.stringify({ format, version, ...rewind, files })}\n`);
    syncPath(partial);
    renameSync(partial, place);
    syncPath(this.#dir);
  }

  /** Undefined when there is none. Throws `corrupt-store` when it cannot be read. */
  read(restoreId: string): Rewind | undefined {
    const place = this.#place(restoreId);
    if (!existsSync(place)) return undefined;
    const job = this.#job(place);
    const files = job.files.map(({ path, from, to, fromSeconds }, index) => ({
      path,
      from: from ? readFileSync(join(place, `${index}.from`)) : null,
      to: to ? readFileSync(join(place, `${index}.to`)) : null,
      fromSeconds,
    }));
    return { ...job, files };
  }

  /** Also what is left of one that was being written or removed. */
  has(restoreId: string): boolean {
    const place = this.#place(restoreId);
    return existsSync(place) || existsSync(`${place}.partial`);
  }

  remove(restoreId: string): void {
    const place = this.#place(restoreId);
    // Renamed first: half a journal must not be taken for one.
    if (existsSync(place)) {
      rmSync(`${place}.partial`, { recursive: true, force: true });
      renameSync(place, `${place}.partial`);
    }
    rmSync(`${place}.partial`, { recursive: true, force: true });
    if (existsSync(this.#dir)) syncPath(this.#dir);
  }

  list(): readonly string[] {
    if (!existsSync(this.#dir)) return [];
    const names = readdirSync(this.#dir).filter((name) => name.endsWith('.git'));
    return names.map((name) => name.slice(0, -'.git'.length)).toSorted();
  }

  #job(place: string): Omit<Rewind, 'files'> & { readonly files: readonly StoredFile[] } {
    const path = join(place, 'job.json');
    try {
      const job = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      if (job['format'] === format && job['version'] === version) return job as unknown as StoredRewind;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new CodeframeError({ code: 'corrupt-store', path, problem }, { cause: error });
    }
    throw new CodeframeError({ code: 'corrupt-store', path, problem: 'it is no journal of a restore' });
  }

  #place(restoreId: string): string {
    return join(this.#dir, `${restoreId}.git`);
  }
}

interface StoredFile {
  readonly path: string;
  readonly from: boolean;
  readonly to: boolean;
  readonly fromSeconds: number | null;
}

type StoredRewind = Omit<Rewind, 'files'> & { readonly files: readonly StoredFile[] };
