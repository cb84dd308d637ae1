import * as fs from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { readNames, lookAtDirectories, type Asked, type Look } from './look-at-directories.ts';

/** Runs in a thread: as text, so that no file of its own has to be found after bundling. */
const program = `
const fs = require('node:fs');
const { parentPort } = require('node:worker_threads');
const look = ${lookAtDirectories.toString()};
const { lstatSync, readdirSync } = fs;
const tools = { lstatSync, readdirSync, readNames: ${readNames.toString()} };
parentPort.on('message', ({ id, root, asked }) => {
  const found = look(tools, root, asked);
  parentPort.postMessage({ id, look: found }, [found.stats.buffer, found.numbers.buffer]);
});
`;

/** Not all of `fs`: to copy that loads what makes promises, 20 ms in each thread. */
const tools = { lstatSync: fs.lstatSync, readdirSync: fs.readdirSync, readNames };

/** More do not help: the kernel's locks are the limit then. */
const threadsMax = 3;
/** One batch is looked at while the next one is on its way. */
const batchesPerThread = 2;
/** For less than this a thread costs more than it spares. */
const namesMin = 3_000;

/** Some directories, and how many names are about to be in them. */
export interface Batch extends Asked {
  readonly names: number;
}

/**
 * Looks at all batches: in this thread, and where there are many names in others beside it, each as fast as it can. `take` gets
 * each answer. A thread that fails is not used again: this one does its work.
 */
export async function lookAtBatches(
  root: string,
  batches: readonly Batch[],
  take: (batch: Batch, look: Look) => void,
): Promise<void> {
  const left = [...batches];
  const isMuch = batches.reduce((sum, { names }) => sum + names, 0) >= namesMin;
  const threads = isMuch ? startThreads() : [];
  const others = Promise.all(
    threads.flatMap((thread) =>
      Array.from({ length: batchesPerThread }, () => work(thread, { root, left, take })),
    ),
  );
  // What `take` throws is for who awaits this; until then nobody has to hear of it.
  others.catch(() => undefined);
  do {
    for (let batch = left.shift(); batch !== undefined; batch = left.shift()) {
      take(batch, lookAtDirectories(tools, root, batch));
      // So that the others get more to do.
      if (threads.length > 0) await new Promise(setImmediate);
    }
    await others;
    // What a thread that failed gave back.
  } while (left.length > 0);
}

interface Work {
  readonly root: string;
  readonly left: Batch[];
  readonly take: (batch: Batch, look: Look) => void;
}

async function work(thread: LookThread, { root, left, take }: Work): Promise<void> {
  for (let batch = left.shift(); batch !== undefined; batch = left.shift()) {
    const look = await thread.look(root, batch);
    if (look === undefined) {
      left.push(batch);
      return;
    }
    take(batch, look);
  }
}

/** Begins to start the threads where so many names will be looked at: that takes 40 ms, in which other things can be done. */
export function prepareThreads(names: number): void {
  if (names >= namesMin) startThreads();
}

const started: LookThread[] = [];
let areToBeHad = true;

/** They stay for as long as the process: starting one takes 20 ms. */
function startThreads(): readonly LookThread[] {
  const wanted = Math.min(threadsMax, availableParallelism() - 1);
  while (areToBeHad && started.length < wanted) areToBeHad = startThread();
  return started.filter((thread) => !thread.hasFailed);
}

function startThread(): boolean {
  try {
    started.push(new LookThread());
    return true;
  } catch {
    // A limit on threads, memory or open files: then the main thread does it all.
    return false;
  }
}

class LookThread {
  readonly #worker: Worker;
  readonly #asked = new Map<number, (look: Look | undefined) => void>();
  #count = 0;
  hasFailed = false;

  constructor() {
    this.#worker = new Worker(program, { eval: true });
    // It keeps no process from its end.
    this.#worker.unref();
    this.#worker.on('message', ({ id, look }: { readonly id: number; readonly look: Look }) =>
      this.#answer(id, look),
    );
    const fail = (): void => this.#fail();
    this.#worker.on('error', fail).on('messageerror', fail).on('exit', fail);
  }

  /** Undefined when the thread has failed. */
  look(root: string, { directories, known }: Asked): Promise<Look | undefined> {
    if (this.hasFailed) return Promise.resolve(undefined);
    const id = ++this.#count;
    this.#worker.ref();
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#worker.postMessage({ id, root, asked: { directories, known } });
    });
  }

  #answer(id: number, look: Look | undefined): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#asked.size === 0) this.#worker.unref();
    resolve?.(look);
  }

  #fail(): void {
    this.hasFailed = true;
    for (const id of this.#asked.keys()) this.#answer(id, undefined);
  }
}
