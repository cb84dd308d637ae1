import type { Clock } from '../clock.ts';
import type { StopReport } from './driver.ts';
import type { StepRow } from './step.ts';

/** What a run was told about stopping, and what it was doing then. */
export class StopControl {
  readonly #clock: Clock;
  readonly #cut = new AbortController();
  readonly #kill = new AbortController();
  #askedAt: number | null = null;
  #askedDuring: StepRow | null = null;
  #inFlight: StepRow | null = null;
  #cutStep: StepRow | null = null;
  #waiting: { readonly until: number; readonly giveUp: () => void } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get asked(): boolean {
    return this.#askedAt !== null;
  }

  get cutSignal(): AbortSignal {
    return this.#cut.signal;
  }

  get killSignal(): AbortSignal {
    return this.#kill.signal;
  }

  /** The step that now runs; null between steps. */
  entered(step: StepRow | null): void {
    this.#inFlight = step;
    this.#waiting = null;
    // It was being written down when the stop was asked for.
    if (this.asked) this.#askedDuring ??= step;
  }

  /** For so long the step in flight only waits to be tried again, so that a stop need not wait for it. */
  waits(forMs: number, giveUp: () => void): void {
    this.#waiting = { until: this.#clock.elapsed() + forMs, giveUp };
    if (this.asked) giveUp();
  }

  aborted(step: StepRow): void {
    this.#cutStep = step;
  }

  finishStep(): void {
    if (this.asked) return;
    this.#askedAt = this.#clock.elapsed();
    this.#askedDuring = this.#inFlight;
    if (this.#waiting !== null && this.#askedAt < this.#waiting.until) this.#waiting.giveUp();
  }

  cut(): void {
    this.finishStep();
    this.#cut.abort(new Error('the grace is over'));
  }

  kill(): void {
    this.cut();
    this.#kill.abort(new Error('killed'));
  }

  report(): StopReport {
    const during = this.#askedDuring === null ? 'between-steps' : 'finished-step';
    return {
      how: this.#cutStep === null ? during : 'cut',
      interruptedStepId: this.#cutStep?.id ?? null,
      durationMs: this.#askedAt === null ? 0 : Math.round(this.#clock.elapsed() - this.#askedAt),
    };
  }
}
