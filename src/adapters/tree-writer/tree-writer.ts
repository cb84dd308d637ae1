import { CodeframeError, type FileWriter } from '../../failure.ts';
import type { Contents, Counted, TreeOperation, TreeWriter, WriteJob } from '../../checkpoint/tree-writer.ts';
import type { TreePath } from '../../checkpoint/tree.ts';
import { applyOperations } from './apply.ts';
import { findWriters } from './find-writers.ts';
import { finishOperations } from './finish.ts';
import { hasJournal, listJournals, readJournal, removeJournal, writeJournal } from './journal.ts';
import { preflight } from './preflight.ts';
import { rollBackOperations } from './roll-back.ts';
import { withOwnFiles } from './shared-files.ts';
import { asFailure, type Site } from './site.ts';
import { stage } from './stage.ts';

export interface FileTreeWriterOptions {
  /** The project's directory, absolute, links resolved. */
  readonly root: string;
  /** Where the journals are, outside the project; made when it is not there. */
  readonly journalDir: string;
  /** Called before each change of the disk; for fault tests, which end the process in it. */
  readonly onStep?: (name: string) => void;
}

/** Changes files on disk. It keeps nothing in memory: all it needs to go on is in the journal. */
export class FileTreeWriter implements TreeWriter {
  readonly #site: Site;
  readonly #journalDir: string;

  constructor(options: FileTreeWriterOptions) {
    this.#site = { root: options.root, onStep: options.onStep ?? (() => {}) };
    this.#journalDir = options.journalDir;
  }

  async check(operations: readonly TreeOperation[]): Promise<void> {
    preflight(this.#site, operations);
  }

  async prepare(wanted: WriteJob, contents: Contents, onProgress?: Counted): Promise<void> {
    const job = { ...wanted, operations: withOwnFiles(this.#site, wanted.operations) };
    preflight(this.#site, job.operations);
    try {
      this.#site.onStep('write-journal');
      await writeJournal(this.#journalDir, job);
    } catch (error) {
      await removeJournal(this.#journalDir, job.restoreId);
      throw asFailure(error, this.#journalDir, 'write the journal');
    }
    try {
      await stage(this.#site, { ...job, onProgress }, contents);
    } catch (error) {
      await rollBackOperations(this.#site, job.restoreId, job.operations);
      await this.forget(job.restoreId);
      throw error;
    }
  }

  async apply(restoreId: string, onProgress?: Counted): Promise<void> {
    const operations = await this.#operations(restoreId);
    const isOpen = (): boolean => hasJournal(this.#journalDir, restoreId);
    try {
      await applyOperations(this.#site, { restoreId, operations, isOpen, onProgress });
    } catch (error) {
      // Who ended it has not seen what was done after: nobody else can take that back any more.
      if (!isOpen()) await rollBackOperations(this.#site, restoreId, operations);
      throw error;
    }
  }

  async finish(restoreId: string, onProgress?: Counted): Promise<readonly TreePath[]> {
    const operations = await readJournal(this.#journalDir, restoreId);
    if (operations === undefined) return [];
    const left = await finishOperations(this.#site, { restoreId, operations, onProgress });
    await this.forget(restoreId);
    return left;
  }

  async rollBack(restoreId: string): Promise<readonly TreePath[]> {
    const operations = await readJournal(this.#journalDir, restoreId);
    return operations === undefined ? [] : rollBackOperations(this.#site, restoreId, operations);
  }

  async forget(restoreId: string): Promise<void> {
    this.#site.onStep('remove-journal');
    await removeJournal(this.#journalDir, restoreId);
  }

  open(): Promise<readonly string[]> {
    return listJournals(this.#journalDir);
  }

  async writersOf(paths: readonly string[]): Promise<readonly FileWriter[]> {
    return findWriters(this.#site.root, paths);
  }

  async #operations(restoreId: string): Promise<readonly TreeOperation[]> {
    const operations = await readJournal(this.#journalDir, restoreId);
    if (operations !== undefined) return operations;
    const problem = `it has no journal of restore ${restoreId}`;
    throw new CodeframeError({ code: 'corrupt-store', path: this.#journalDir, problem });
  }
}
