/** The transactions of one store that have begun and not ended; lets the last one out before the store closes. */
export class OpenWork {
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Begins the work, unless the store is closed: then a plain error, for it is a bug to ask. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('the store is closed');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses new work, waits for what runs, then calls `release`, once. */
  close(release: () => void): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(release);
    return this.#closed;
  }
}
