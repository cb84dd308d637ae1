import type { Clock } from '../clock.ts';
import type { StepEffect, StepRow } from '../agent/step.ts';

/**
 * Where an agent passes before each step that may touch files. While it is held shut nothing new begins; model calls
 * pass, for they touch none. Steps whose programs are frozen from outside (`unsafe` tools, runs) are not waited for.
 */
export class StepGate {
  #shut: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  readonly #inside = new Set<symbol>();
  #emptied: (() => void) | undefined;

  /** Waits while the gate is shut; answers what the step calls when it is over (again does nothing). */
  async enter(step: { readonly kind: StepRow['kind']; readonly effect: StepEffect }): Promise<() => void> {
    if (step.kind === 'model') return () => {};
    while (this.#shut !== undefined) await this.#shut.opened;
    if (step.kind === 'run' || step.effect === 'unsafe') return () => {};
    const token = Symbol(step.kind);
    this.#inside.add(token);
    return () => {
      this.#inside.delete(token);
      if (this.#inside.size === 0) this.#emptied?.();
    };
  }

  /** Shuts the gate; resolves when nothing is inside any more, or after `withinMs`. Answers what opens it. */
  async hold(clock: Clock, withinMs: number): Promise<() => void> {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#shut = { opened, open };
    if (this.#inside.size > 0) {
      const empty = new AbortController();
      this.#emptied = () => empty.abort();
      await clock.sleep(withinMs, empty.signal);
      this.#emptied = undefined;
    }
    return () => {
      this.#shut = undefined;
      open();
    };
  }
}
