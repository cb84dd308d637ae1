/** One process as the operating system lists it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Null where the system does not tell. */
  readonly session: number | null;
  /** When it started, in the system's own words. */
  readonly start: string;
  /** A zombie: it runs no code any more and only waits for its parent to notice. */
  readonly over: boolean;
  /** By SIGSTOP or the terminal, or traced. */
  readonly stopped: boolean;
}

/** Tells a process apart from a later one with its pid. */
export function keyOf(entry: ProcessEntry): string {
  return `${entry.pid} ${entry.start}`;
}

/** Where the processes of this machine are read from: `/proc`, or `ps` where there is no `/proc`. */
export interface ProcessTable {
  /** All processes that can be seen. */
  list(): readonly ProcessEntry[];
  /** Null when there is no such process. */
  entry(pid: number): ProcessEntry | null;
  /** The values of an environment variable; empty when the process is gone, has none, or does not let us look. */
  environmentValues(entries: readonly ProcessEntry[], name: string): ReadonlyMap<number, readonly string[]>;
  /** The command lines, for people. */
  commands(pids: readonly number[]): ReadonlyMap<number, string>;
  /** Changes with every start of the machine; and which processes can be seen from here (a container sees its own). */
  bootId(): string;
}
