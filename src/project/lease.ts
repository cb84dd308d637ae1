/**
 * The one row that says who owns the project. It is never deleted, so that the epoch never goes back.
 * Free when `ownerId` is null.
 */
export interface LeaseRow {
  readonly name: 'runner';
  readonly epoch: number;
  readonly ownerId: string | null;
  /** What the owner runs: `start`, `resume`, `pause`, `restore` …, for the message to whoever comes second. */
  readonly command: string | null;
  readonly pid: number | null;
  readonly host: string | null;
  /** Changes with every start of the machine, so that a pid of before is not taken for one of now. */
  readonly bootId: string | null;
  /** When the process with that pid started, in the operating system's own words: pids are reused. */
  readonly processStart: string | null;
  readonly acquiredAt: number | null;
  readonly renewedAt: number | null;
  readonly ttlMs: number;
}

/** A process, told apart from every other one that had or will have its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  readonly bootId: string;
  readonly processStart: string;
}

/** What is known of the owner: `elsewhere` is another machine, where only the time to live counts. */
export type OwnerLiveness = 'alive' | 'dead' | 'elsewhere';

export const leaseTtlMs = 15_000;
export const leaseRenewMs = 3_000;

/** Whether another process may take the lease. Pure. `now` is wall time in ms. */
export function isTakeable(lease: LeaseRow, liveness: OwnerLiveness, now: number): boolean {
  if (lease.ownerId === null) return true;
  if (liveness === 'dead') return true;
  return isExpired(lease, now);
}

/** Its age is more than its life; or it is from the future, so that the clock jumped and nobody can say its age. */
export function isExpired(lease: LeaseRow, now: number): boolean {
  return Math.abs(now - (lease.renewedAt ?? 0)) > lease.ttlMs;
}
