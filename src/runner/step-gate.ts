import type { Clock } from '../clock.ts';
import type { StepEffect, StepRow } from '../agent/step.ts';

/**
 * A step whose row is written starts its program in that very turn of the process: by then whoever freezes programs
 * sees it.
 */
const startMs = 1;

/**
 * Where an agent passes before each step that may touch files. While it is held shut nothing new begins; model calls
 * pass, for they touch none. Steps whose programs are frozen from outside (`unsafe` tools, runs) are waited for until
 * they have begun, others until they are over.
 */
export class StepGate {
  #shut: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  readonly #inside = new Set<symbol>();
  #emptied: (() => void) | undefined;

  /** Waits while the gate is shut; answers what the step calls when it lets go of it (again does nothing). */
  async enter(step: GatedStep): Promise<() => void> {
    if (step.kind === 'model') return () => {};
    while (this.#shut !== undefined) await this.#shut.opened;
    const token = Symbol(step.kind);
    this.#inside.add(token);
    return () => {
      this.#inside.delete(token);
      if (this.#inside.size === 0) this.#emptied?.();
    };
  }

  /** Shuts the gate, after whoever holds it now has opened it; resolves when nothing is inside and all that has begun has started, or after `withinMs`. Answers what opens it. */
  async hold(clock: Clock, withinMs: number): Promise<() => void> {
    while (this.#shut !== undefined) await this.#shut.opened;
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
    await clock.sleep(startMs);
    return () => {
      this.#shut = undefined;
      open();
    };
  }
}

type GatedStep = Pick<StepRow, 'kind'> & { readonly effect: StepEffect };

/** Whether what a step does is done by a program, which can be frozen from outside. */
export function isFreezable(step: GatedStep): boolean {
  return step.kind === 'run' || step.effect === 'unsafe';
}
