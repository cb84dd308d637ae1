import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Runs in the worker: a program as text, so that no file of its own has to be found after bundling. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const pattern = new RegExp(workerData.source, workerData.flags);
parentPort.on('message', (lines) => {
  parentPort.postMessage(lines.flatMap((line, index) => (pattern.test(line) ? [index] : [])));
});
`;

/**
 * A pattern that a model made, tried in a thread of its own: one that takes for ever must not hold up the runner,
 * which has to be able to pause.
 */
export class RegexWorker implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(pattern: RegExp) {
    this.#worker = new Worker(program, {
      eval: true,
      workerData: { source: pattern.source, flags: pattern.flags },
    });
  }

  /** The numbers of the lines that match, from 0. Rejects when the signal aborts. */
  async matching(lines: readonly string[], signal: AbortSignal): Promise<readonly number[]> {
    const answer = once(this.#worker, 'message', { signal });
    this.#worker.postMessage(lines);
    const [numbers] = (await answer) as [readonly number[]];
    return numbers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
