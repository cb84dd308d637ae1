import type { ObjectId, TreePath } from '../checkpoint/tree.ts';

/** Which objects were looked at and hold no secret, so that a file that did not change is looked at once. */
export interface CleanFiles {
  has(object: ObjectId): boolean;
  /** Writes down which objects are clean by now; those that no file has any more are forgotten. Losing it costs time only. */
  remember(objects: ReadonlySet<ObjectId>): void;
}

/** Whether a new file that holds a secret is to be in checkpoints all the same. */
export type IsAllowed = (path: TreePath) => boolean;
