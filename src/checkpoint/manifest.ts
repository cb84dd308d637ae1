import type { Trigger } from './checkpoint.ts';

/** `manifest.json` of a checkpoint. */
export interface Manifest {
  readonly format: 'codeframe-checkpoint';
  readonly version: 1;
  readonly id: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly name: string | null;
  readonly trigger: Trigger;
  readonly reason: string | null;
  readonly createdBy: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly parentId: string | null;
  readonly pauseId: string | null;
  readonly restoreId: string | null;
  readonly program: string;
  /** Of the rows in `state/` and `ledger/`: the number of the newest migration. */
  readonly schema: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly files: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly costUsd: number;
  /** The user's repository at that moment; null where there is none. */
  readonly git: {
    readonly head: string | null;
    readonly branch: string | null;
    readonly operation: string | null;
  } | null;
  /** The uncovered paths: shown as `showPath` does, with reason. */
  readonly uncovered: readonly {
    readonly path: string;
    readonly reason: string;
    readonly directory: boolean;
    readonly size?: number;
  }[];
  /** sha256 of each part outside `code/`, and of the sorted list of code entries. */
  readonly sha256: Readonly<Record<string, string>>;
}
