/** Time as the domain sees it. Tests order it; the system adapter reads the machine's. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds that only grow, for durations. Stands still while the machine sleeps. */
  elapsed(): number;
  /** Resolves after `ms`, or at once when the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
