import { isFailure } from '../failure.ts';
import { budgetProblem, spentUsd } from '../project/budget.ts';
import type { ProjectState } from '../project/lifecycle.ts';
import type { RunnerPorts } from './ports.ts';
import { requestPause } from './request-pause.ts';

/** A pause that failed is not asked for again at once: the agents work on meanwhile (P4). */
const againMs = 60_000;

/** Asks for a pause when the project's agents have spent what they may. */
export class BudgetKeeper {
  readonly #ports: RunnerPorts;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
  }

  /** Answers true when it asked. A call whose price is not known counts for nothing. */
  async keep(state: ProjectState): Promise<boolean> {
    const { budgetUsd, clock, store } = this.#ports;
    if (budgetUsd === undefined || state.kind !== 'running') return false;
    if (clock.elapsed() - this.#askedAt < againMs) return false;
    const costs = await store.read((tx) => tx.pick('costs', ['costUsd']));
    const reason = budgetProblem(spentUsd(costs), budgetUsd);
    if (reason === null) return false;
    this.#askedAt = clock.elapsed();
    return this.#ask(reason);
  }

  async #ask(reason: string): Promise<true> {
    try {
      await requestPause(this.#ports, { reason });
    } catch (error) {
      // Somebody asked for something else in this moment: that is seen next.
      if (!isFailure(error, 'wrong-status')) throw error;
    }
    return true;
  }
}
