import type { LeaseRow, OwnerLiveness, ProcessIdentity } from '../project/lease.ts';

/** The environment variable by which an agent's processes are found again: `<scope>/<agent>/<ownerId>`. */
export const markerVariable = 'CODEFRAME_AGENT';

/**
 * What the markers of a project's processes start with. A project that was moved or cloned is there twice under one id,
 * each with data of its own: `marker` tells them apart, so that neither kills the other's agents.
 */
export function markerScope(project: { readonly id: string; readonly marker?: string }): string {
  return project.marker ?? project.id;
}

/** What every process that is started for an agent carries in its environment. */
export function agentMarker(scope: string, agent: string, ownerId: string): string {
  return `${scope}/${agent}/${ownerId}`;
}

/** The start of the markers of a project's processes, or of one agent's. */
export function markerPrefix(scope: string, agent?: string): string {
  return agent === undefined ? `${scope}/` : `${scope}/${agent}/`;
}

/**
 * The processes of this machine, as far as agents and owners are concerned.
 *
 * A process belongs to an agent when its environment carries the agent's marker, when it descends from such a process,
 * or when it is in a process group or session that one of them leads or led. So a child that wiped its environment is
 * found as long as one of these holds. What was found once is remembered, and found again when none holds any more:
 * so look every few seconds while an agent works. One that wiped its environment, left group and session, and lost its
 * parent between two looks is not found.
 *
 * A marker counts on processes of our own user only; their descendants may be another's (sudo, su).
 */
export interface Processes {
  /** This process. The same answer during its whole life. */
  identity(): ProcessIdentity;
  /**
   * Whether the process of an identity (or of a lease row) lives. `elsewhere`: on another host or in another container,
   * whose processes cannot be seen from here. A zombie, a pid that another process has now, and a row that names no
   * process are `dead`. Signals nothing.
   */
  liveness(of: Pick<LeaseRow, 'pid' | 'host' | 'bootId' | 'processStart'>): OwnerLiveness;
  /** SIGKILL to exactly the process of a lease, if it lives and is ours to kill; true when it was sent. */
  killOwner(of: Pick<LeaseRow, 'pid' | 'host' | 'bootId' | 'processStart'>): boolean;
  /** The living processes whose marker starts with `prefix`, and their families, as said above. Never this process or its ancestors. */
  marked(prefix: string): Promise<readonly MarkedProcess[]>;
  /**
   * Kills what `marked` finds: stops all of it first, so that nothing forks away, then SIGKILL, then looks again, until
   * none is left or `withinMs` is over. May be called twice and from several processes at once. Never rejects because
   * something is left: `left` names it (also what may not be killed, such as a program that runs as another user).
   */
  killMarked(prefix: string, withinMs: number): Promise<KillReport>;
  /**
   * Stops what `marked` finds where it is (SIGSTOP) until `Thaw` is called, for the moment of a consistent cut. Gives up
   * looking for more after `withinMs`. Whatever this process dies of, the reaper kills what it left stopped.
   */
  freezeMarked(prefix: string, withinMs: number): Promise<Thaw>;
}

/** Lets frozen processes go on. May be called twice. */
export type Thaw = () => void;

interface MarkedProcess {
  readonly pid: number;
  /** The command line; for people. */
  readonly command: string;
}

export interface KillReport {
  /** How many processes were found and are gone. */
  readonly killed: number;
  readonly left: readonly number[];
}

/**
 * Starts the reaper of a run: when this process ends without `stop`, however it ends, the reaper kills every process
 * that is marked `<scope>/…/<ownerId>`.
 */
export type StartReaper = (run: { readonly scope: string; readonly ownerId: string }) => Reaper;

export interface Reaper {
  /** Says goodbye: the reaper ends and kills nothing. Resolves when it is gone. May be called twice. */
  stop(): Promise<void>;
}
