import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodeframeError } from '../../failure.ts';
import { syncPath, writeSynced } from './synced-file.ts';

/*
 * `<journal>/<restoreId>.git/`: `job.json`, and beside it the bytes of each file that changes, as `<n>.from` and `<n>.to`.
 * It appears whole (rename) before anything in the repository is touched. Only its two marks change, each once and by
 * renaming `not-<mark>`, which needs no room: `applying` before the first move, `ended` before anything is taken back.
 */

const format = 'codeframe-git-restore';
/** 1 has no marks: anything can have been moved. */
const versions = [1, 2];
const version = 2;

/** `applying`: something may have been moved. `ended`: its process has lost the restore to another. */
export type JournalMark = 'applying' | 'ended';
const marks: readonly JournalMark[] = ['applying', 'ended'];

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

/** One that is in the journal. */
export interface JournaledRewind extends Rewind {
  /** Whether anything of it can have been moved. */
  readonly isApplied: boolean;
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
    for (const mark of marks) writeSynced(join(partial, `not-${mark}`), '');
    writeSynced(join(partial, 'job.json'), `${JSON.stringify({ format, version, ...rewind, files })}\n`);
    syncPath(partial);
    renameSync(partial, place);
    syncPath(this.#dir);
  }

  /** Undefined when there is none. Throws `corrupt-store` when it cannot be read. */
  read(restoreId: string): JournaledRewind | undefined {
    const place = this.#place(restoreId);
    if (!existsSync(place)) return undefined;
    const { version: found, ...job } = this.#job(place);
    const files = job.files.map(({ path, from, to, fromSeconds }, index) => ({
      path,
      from: from ? readFileSync(join(place, `${index}.from`)) : null,
      to: to ? readFileSync(join(place, `${index}.to`)) : null,
      fromSeconds,
    }));
    return { ...job, files, isApplied: found === 1 || existsSync(join(place, 'applying')) };
  }

  /** Sets a mark, on disk when this returns; again, and nothing happens. */
  mark(restoreId: string, mark: JournalMark): void {
    const place = this.#place(restoreId);
    try {
      renameSync(join(place, `not-${mark}`), join(place, mark));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    syncPath(place);
  }

  /** False when another process has ended the restore, or begun to. */
  isOpen(restoreId: string): boolean {
    const place = this.#place(restoreId);
    return existsSync(place) && !existsSync(join(place, 'ended'));
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

  /** Takes away what a kill left of journals that were being written or removed. */
  list(): readonly string[] {
    if (!existsSync(this.#dir)) return [];
    const names = readdirSync(this.#dir);
    for (const name of names.filter((one) => one.endsWith('.git.partial')))
      rmSync(join(this.#dir, name), { recursive: true, force: true });
    return names
      .filter((name) => name.endsWith('.git'))
      .map((name) => name.slice(0, -'.git'.length))
      .toSorted();
  }

  #job(place: string): StoredRewind {
    const path = join(place, 'job.json');
    try {
      const job = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
      const isKnown = job['format'] === format && versions.includes(Number(job['version']));
      if (isKnown) return job as unknown as StoredRewind;
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

type StoredRewind = Omit<Rewind, 'files'> & {
  readonly version: number;
  readonly files: readonly StoredFile[];
};
