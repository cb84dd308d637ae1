import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import type { CodeEntry } from '../../checkpoint/tree.ts';
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
  /** In the order of their paths; most of them are the very drafts. */
  readonly code: readonly CodeEntry[];
  readonly lines: CodeLines;
  /** What `encodeModes` makes of it; undefined where nothing was written. */
  readonly modes: readonly PartDraft[] | undefined;
  /** The paths of everything else. */
  readonly parts: ReadonlySet<string>;
  /** What another process wrote; undefined when `tree` is all there is to know. */
  readonly stored: StoredTrees | undefined;
}

export function emptyBase(stored?: StoredTrees): Base {
  return { tree: new TreeDir(), code: [], lines: CodeLines.none, modes: undefined, parts: new Set(), stored };
}
