import type { CodeDraft, PartDraft } from '../../checkpoint/checkpoint-store.ts';
import type { CodeEntry, Run, TreePath } from '../../checkpoint/tree.ts';
import { CodeLines } from './code-lines.ts';
import type { StoredTrees } from './stored-trees.ts';
import { TreeDir } from './tree-dir.ts';

/**
 * The checkpoint from which the next one starts: of 100,000 files mostly none is another one, and making all of its trees
 * anew would cost more than all the rest of the work. It turns into the next one as that is written.
 */
export interface Base {
  /** The tree as it was written by this process; empty when another one wrote the last checkpoint. */
  readonly tree: TreeDir;
  readonly code: readonly WrittenRun[];
  readonly lines: CodeLines;
  /** What `encodeModes` makes of it; undefined where nothing was written. */
  readonly modes: readonly PartDraft[] | undefined;
  /** The paths of everything else. */
  readonly parts: ReadonlySet<string>;
  /** What another process wrote; undefined when `tree` is all there is to know. */
  readonly stored: StoredTrees | undefined;
}

/** A run of a draft, and what became of it: mostly the very same. */
export interface WrittenRun {
  readonly draft: Run<CodeDraft>;
  readonly code: Run<CodeEntry>;
}

/** Goes through a base's code beside a draft's. */
export class BaseCode {
  readonly #runs: readonly WrittenRun[];
  /** The next run, and the next entry in it. */
  #run = 0;
  #at = 0;

  constructor(runs: readonly WrittenRun[]) {
    this.#runs = runs;
  }

  /** Goes past a run when it comes next, and answers what became of it. */
  pass(draft: Run<CodeDraft>): WrittenRun | undefined {
    const next = this.#runs[this.#run];
    if (this.#at > 0 || next?.draft !== draft) return undefined;
    this.#run += 1;
    return next;
  }

  /** The entry that comes next. */
  get next(): CodeEntry | undefined {
    return this.#runs[this.#run]?.code[this.#at];
  }

  /** Goes past the next entry, and answers it when it is before this path; undefined: none is left that is. */
  takeBefore(path: TreePath | undefined): CodeEntry | undefined {
    const { next } = this;
    if (next === undefined || (path !== undefined && next.path >= path)) return undefined;
    this.skip();
    return next;
  }

  /** Goes past the next entry. */
  skip(): void {
    this.#at += 1;
    if (this.#at < (this.#runs[this.#run]?.code.length ?? 0)) return;
    this.#run += 1;
    this.#at = 0;
  }
}

export function emptyBase(stored?: StoredTrees): Base {
  return { tree: new TreeDir(), code: [], lines: CodeLines.none, modes: undefined, parts: new Set(), stored };
}
