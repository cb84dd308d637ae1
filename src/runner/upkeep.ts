import type { DrillSite } from '../checkpoint/drill-restore.ts';

/** What only checking, repairing and moving a project need. */
export interface Upkeep {
  /** An empty place outside the project. Throws `no-space`, `no-permission`. */
  readonly openDrill: () => Promise<DrillSite>;
}
