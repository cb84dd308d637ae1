import type { ObjectId, TreePath } from '../checkpoint/tree.ts';

/** No secret was found, or none was looked for: the file is binary, or too big. */
export type Cleanness = 'clean' | 'unsearched';

/** What is known of objects that hold no secret, so that a file that did not change is looked at once. */
export interface CleanFiles {
  /** Undefined: the object was not looked at, or holds a secret. */
  get(object: ObjectId): Cleanness | undefined;
  /** Writes down what is known by now; what no file has any more is forgotten. Losing it costs time only. */
  remember(objects: ReadonlyMap<ObjectId, Cleanness>): void;
}

/** Whether a new file that holds a secret is to be in checkpoints all the same. */
export type IsAllowed = (path: TreePath) => boolean;
