/** What the turns need of their platform. */
export interface TurnPlatform {
  /** Runs `work` so that `current` answers `turn` in it and in all that it begins. */
  within<T>(turn: Turn, work: () => T): T;
  /** The turn in which the caller runs, if any. */
  current(): Turn | undefined;
  /** Calls back when every promise that can go on without the outside has done so. */
  afterPromises(callback: () => void): () => void;
}

/** The right to write, from its begin to its commit or rollback. */
export interface Turn {
  open: boolean;
}

export interface TurnSteps<T> {
  /** Takes the lock; it may wait. */
  begin(): Promise<void>;
  /** Between begin and commit: must await nothing from outside. */
  work(): Promise<T>;
  commit(): void;
  rollback(): void;
}

/**
 * Lets the writers of this process write one after the other. A transaction that awaits something other than the
 * store would hold the write lock against every other process meanwhile (for ever, when this one is stopped): it is
 * rolled back and refused. So is a write within a write, which would wait for itself.
 */
export class WriteTurns {
  readonly #platform: TurnPlatform;
  #last: Promise<unknown> = Promise.resolve();

  constructor(platform: TurnPlatform) {
    this.#platform = platform;
  }

  /** Rejects with what `begin`, `work` or `commit` threw, after the rollback. */
  take<T>(steps: TurnSteps<T>): Promise<T> {
    if (this.#platform.current()?.open === true)
      return Promise.reject(new Error('a write cannot be begun inside another write'));
    const result = this.#last.then(() => this.#run(steps));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #run<T>(steps: TurnSteps<T>): Promise<T> {
    await steps.begin();
    const turn: Turn = { open: true };
    try {
      const value = await this.#platform.within(turn, () => this.#untilStuck(() => steps.work()));
      steps.commit();
      return value;
    } catch (error) {
      steps.rollback();
      throw error;
    } finally {
      turn.open = false;
    }
  }

  #untilStuck<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#platform.afterPromises(() =>
        reject(new Error('a write transaction awaited something other than its own transaction')),
      );
      void work().then(resolve, reject).finally(cancel);
    });
  }
}
