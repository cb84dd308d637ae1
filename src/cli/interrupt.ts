import type { ExitCode } from '../exit-codes.ts';
import type { Output } from './output.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type InterruptSignal = (typeof signals)[number];

/** Calls `listener` for each signal that asks the program to end, until it is disposed. */
export function onInterrupt(listener: (signal: InterruptSignal) => void): Disposable {
  for (const signal of signals) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}

/** For commands that follow something: goes on until Ctrl-C (130) or until nobody reads any more (0). */
export async function untilInterrupted(
  out: Output,
  follow: (signal: AbortSignal) => Promise<void>,
): Promise<ExitCode> {
  const controller = new AbortController();
  let code: ExitCode = 0;
  using _ = onInterrupt(() => {
    code = 130;
    controller.abort();
  });
  out.gone.addEventListener('abort', () => controller.abort(), { once: true });
  await follow(controller.signal);
  return code;
}

/** For work that must not be cut half way: Ctrl-C is answered with words, and the work is finished. */
export async function uninterrupted<T>(out: Output, words: string, work: () => Promise<T>): Promise<T> {
  using _ = onInterrupt(() => out.note(words));
  return await work();
}
