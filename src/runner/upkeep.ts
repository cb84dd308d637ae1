import type { CheckpointRemote, CheckpointTransfer } from '../checkpoint/checkpoint-transfer.ts';
import type { DrillSite } from '../checkpoint/drill-restore.ts';

/** What only checking, repairing and moving a project need. */
export interface Upkeep {
  /** An empty place outside the project. Throws `no-space`, `no-permission`. */
  readonly openDrill: () => Promise<DrillSite>;
  /** Writes a checkpoint into one file; answers its size. Throws `already-exists` unless `force`. */
  readonly export: (order: {
    readonly checkpointId: string;
    readonly commit: string;
    readonly file: string;
    readonly force: boolean;
  }) => Promise<number>;
  readonly transfer: CheckpointTransfer;
  /** A remote by the name that a user gives: one of the repository's, a URL, or a path. Throws `remote-failed`. */
  readonly openRemote: (name: string, cwd: string) => Promise<CheckpointRemote>;
  /** What the database finds wrong with itself, a line each; reads all of it. */
  readonly checkDatabase: () => Promise<readonly string[]>;
  /** What processes that are gone left in the checkpoint store, by name, and among the data of projects, by path. */
  readonly leftovers: () => Promise<readonly string[]>;
  readonly removeLeftovers: () => Promise<void>;
  /** The checkpoints of which the user's repository has a ref that keeps commits alive. */
  readonly keptIds: () => Promise<readonly string[]>;
}
