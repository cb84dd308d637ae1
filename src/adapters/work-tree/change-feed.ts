import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { TreePath } from '../../checkpoint/tree.ts';
import { isLocal } from './local-file-system.ts';
import { watchDirectories, type WatchAnswer, type WatchRequest } from './watch-directories.ts';

/** Runs in a thread, whose loop nothing holds up: a queue that is not emptied in time overflows. As text; see `look-threads.ts`. */
const program = `
const { watch } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const answer = (found) => parentPort.postMessage(found);
parentPort.on('message', (${watchDirectories.toString()})({ watch, ...workerData, answer }));
`;

/** What the system still has room for belongs to others, too: editors watch the same trees. */
const watchesShare = 0.25;
/** Where a queue of so many events is full, a quarter of it at once is taken for too many. */
const eventsShare = 0.25;

export type FeedChanges = Pick<WatchAnswer, 'changed' | 'lost'>;

/**
 * Tells in which directories something has happened, on Linux by inotify. It does not see writes through memory maps, or
 * those to a file by a name outside; nothing is promised but that what it tells of has happened.
 */
export class ChangeFeed {
  readonly #thread: Worker;
  readonly #watchesMax: number;
  readonly #answers = new Map<number, (answer: WatchAnswer | undefined) => void>();
  readonly #watched = new Set<TreePath>();
  #count = 0;
  /** It is of no use any more. */
  #isClosed = false;

  private constructor(root: string, limits: { readonly events: number; readonly watches: number }) {
    this.#watchesMax = limits.watches * watchesShare;
    const workerData = { root, eventsMax: limits.events * eventsShare };
    this.#thread = new Worker(program, { eval: true, workerData });
    this.#thread.unref();
    this.#thread.on('message', (answer: WatchAnswer) => this.#settle(answer.id, answer));
    const close = (): void => this.close();
    this.#thread.on('error', close).on('messageerror', close).on('exit', close);
  }

  /** Undefined where there is none: another system, a file system that others write, too. */
  static open(root: string): ChangeFeed | undefined {
    try {
      if (!isLocal(root)) return undefined;
      return new ChangeFeed(root, { events: limit('max_queued_events'), watches: limit('max_user_watches') });
    } catch {
      return undefined;
    }
  }

  /** What is watched, without a break, since the call that answered this the first time. */
  get watched(): ReadonlySet<TreePath> {
    return this.#watched;
  }

  /**
   * What has happened in the watched directories since the last call. Undefined when nobody knows. Those that are `lost` are
   * watched no more.
   */
  async changes(): Promise<FeedChanges | undefined> {
    const answer = await this.#ask();
    for (const path of answer?.lost ?? []) this.#watched.delete(path);
    if (answer?.isBroken === true) this.close();
    return answer === undefined || answer.isTooMuch || answer.isBroken ? undefined : answer;
  }

  /** Watches these and no others, as soon as the thread comes to it: before it answers `changes` again. */
  watch(directories: ReadonlySet<TreePath>): void {
    if (directories.size > this.#watchesMax) return this.close();
    if (this.#isClosed) return;
    const add = [...directories].filter((path) => !this.#watched.has(path));
    const drop = [...this.#watched].filter((path) => !directories.has(path));
    for (const path of add) this.#watched.add(path);
    for (const path of drop) this.#watched.delete(path);
    if (add.length + drop.length > 0) this.#send({ add, drop });
  }

  /** Then nobody knows what happens. May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watched.clear();
    for (const id of this.#answers.keys()) this.#settle(id, undefined);
    void this.#thread.terminate();
  }

  #ask(): Promise<WatchAnswer | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    const id = ++this.#count;
    this.#thread.ref();
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#send({ id });
    });
  }

  #send(request: WatchRequest): void {
    this.#thread.postMessage(request);
  }

  #settle(id: number, answer: WatchAnswer | undefined): void {
    const resolve = this.#answers.get(id);
    this.#answers.delete(id);
    if (this.#answers.size === 0) this.#thread.unref();
    resolve?.(answer);
  }
}

function limit(name: string): number {
  return Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'));
}
