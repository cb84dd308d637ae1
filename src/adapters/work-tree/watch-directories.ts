import type * as fs from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';

/** To the thread: directories to watch, and to watch no more; or the question what has happened, which alone is answered. */
export type WatchRequest =
  | { readonly add: readonly TreePath[]; readonly drop: readonly TreePath[] }
  | { readonly id: number };

/** What has happened since the question before. Paths are of directories. */
export interface WatchAnswer {
  readonly id: number;
  /** Something in it: a name that came or went, bytes, a mode. */
  readonly changed: readonly TreePath[];
  /** No longer watched, as it was moved or deleted, or never, as it was not there. */
  readonly lost: readonly TreePath[];
  /** So much at once that not all of it may have been told. */
  readonly isTooMuch: boolean;
  /** Watching does not work here: a limit of the system. */
  readonly isBroken: boolean;
}

export interface WatchPorts {
  readonly watch: typeof fs.watch;
  readonly root: string;
  /** More events at once than this may be more than the system keeps. */
  readonly eventsMax: number;
  readonly answer: (answer: WatchAnswer) => void;
}

/**
 * Watches directories, each by itself, and answers requests. inotify puts an event into its queue before the call returns
 * that made it, and a turn of the event loop empties the queue: what happened before a question is in its answer. Threads
 * get this function as text, so it uses nothing but what it is given.
 */
export function watchDirectories({
  watch,
  root,
  eventsMax,
  answer,
}: WatchPorts): (request: WatchRequest) => Promise<void> {
  const watchers = new Map<TreePath, fs.FSWatcher>();
  let changed = new Set<TreePath>();
  let lost = new Set<TreePath>();
  let isTooMuch = false;
  let isBroken = false;
  let eventsInTurn = 0;
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const count = (): void => {
    if (eventsInTurn === 0) setImmediate(() => (eventsInTurn = 0));
    // The system drops events without a word when its queue is full, and Node does not tell of it.
    if (++eventsInTurn > eventsMax) isTooMuch = true;
  };
  const stop = (path: TreePath): void => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };
  const start = (path: TreePath): void => {
    const raw = Buffer.concat([Buffer.from(root), Buffer.from(path === '' ? '' : `/${path}`, 'latin1')]);
    const own = raw.subarray(raw.lastIndexOf('/') + 1);
    try {
      const watcher = watch(raw, { encoding: 'buffer', persistent: true }, (type, name) => {
        count();
        changed.add(path);
        // Of the directory itself: it was moved or deleted. A name in it that is called the same does no harm.
        if (type === 'rename' && (name === null || own.equals(name))) lost.add(path);
      });
      watcher.on('error', () => lost.add(path));
      watchers.set(path, watcher);
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') lost.add(path);
      else isBroken = true;
    }
  };
  return async (request) => {
    if ('add' in request) {
      for (const path of request.drop) stop(path);
      for (const path of request.add) start(path);
      return;
    }
    await nextTurn();
    await nextTurn();
    for (const path of lost) stop(path);
    answer({ id: request.id, changed: [...changed], lost: [...lost], isTooMuch, isBroken });
    changed = new Set();
    lost = new Set();
    isTooMuch = false;
  };
}
