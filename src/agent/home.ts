/**
 * What an agent that others wrote needs to go on in a new process. Its memory is in session files of its own, in a HOME
 * that codeframe gives it; this row goes back with a restore, and with it those files (`fromId`).
 */
export interface HomeRow {
  readonly agent: string;
  /** The agent's own name of its session; null before the first. */
  readonly sessionId: string | null;
  /** The task of the last turn. */
  readonly taskId: number | null;
  /**
   * `open`: it was at work, so after a crash nobody knows how far it came. `held`: stopped where it asked its model, with
   * nothing half done. `asking`: where it asked whether it may do something, with nothing else under way. `cut`: stopped in
   * the middle of a reply. `cut-in-tool`: in the middle of a tool call. `ended`: by itself.
   */
  readonly turn: 'open' | 'held' | 'asking' | 'cut' | 'cut-in-tool' | 'ended';
  /** After a restore: the checkpoint whose session files are to be put in place before it works again. */
  readonly fromId: string | null;
  /** When the last turn ended, ms; null while it is open. */
  readonly leftAt: number | null;
}

/** Of an agent that has not worked yet. */
export const newHome: Omit<HomeRow, 'agent'> = {
  sessionId: null,
  taskId: null,
  turn: 'ended',
  fromId: null,
  leftAt: null,
};

/** A session file as a checkpoint holds it. `path`: within the HOME, with slashes. */
export interface SessionFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The HOMEs of agents that others wrote, as far as checkpoints are concerned. */
export interface AgentHomes {
  /**
   * The session files of an agent as they are now, by the list of its driver; never credentials, and without secrets.
   * Null when its HOME is gone. A file that vanishes meanwhile is left out. Throws when one cannot be read.
   */
  sessionFiles(agent: {
    readonly name: string;
    readonly driver: string;
  }): Promise<readonly SessionFile[] | null>;
}
