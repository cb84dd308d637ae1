import type { TreePath } from '../../checkpoint/tree.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { SeenDirectory } from './listing.ts';

/** A directory in which something has happened is looked at for so long more: a program may go on through a memory map. */
const restlessMs = 60_000;

/** What a scan need not look at, and which scan it is. */
export interface Quiet {
  readonly directories: ReadonlySet<TreePath>;
  readonly scan: number;
}

/**
 * The directories of which a scan may believe that they are as the last one saw them: watched since before that look, with
 * nothing told since. The feed is asked before each scan; what happens while one goes on is told to the next.
 */
export class QuietDirectories {
  readonly #feed: ChangeFeed;
  readonly #now: () => number;
  /** Looked at while they were watched, and quiet since. */
  #quiet = new Set<TreePath>();
  /** What was watched when the scan began that is going on. */
  #watched: ReadonlySet<TreePath> = new Set();
  #scans = 0;
  /** Until when, in ms since 1970. */
  readonly #restless = new Map<TreePath, number>();

  constructor(feed: ChangeFeed, now: () => number = Date.now) {
    this.#feed = feed;
    this.#now = now;
  }

  /** Before a scan looks at anything: what it need not look at. Empty when that is not known. */
  async begin(): Promise<Quiet> {
    this.#scans += 1;
    const changes = await this.#feed.changes();
    if (changes === undefined) this.#quiet = new Set();
    for (const path of changes?.changed ?? []) this.#restless.set(path, this.#now() + restlessMs);
    this.#lose(changes?.lost ?? []);
    for (const [path, until] of this.#restless) {
      if (until < this.#now()) this.#restless.delete(path);
      else this.#quiet.delete(path);
    }
    this.#watched = new Set(this.#feed.watched);
    return { directories: this.#quiet, scan: this.#scans };
  }

  /** After that scan, with all directories that it went through. */
  end(scan: number, seen: ReadonlyMap<TreePath, SeenDirectory>): void {
    this.#quiet = new Set();
    // Another one has begun meanwhile, and was told what happened while this one went on.
    if (scan !== this.#scans) return;
    for (const [path, { hardLinks }] of seen) {
      if (hardLinks === 0 && this.#watched.has(path)) this.#quiet.add(path);
    }
    this.#feed.watch(new Set(seen.keys()));
  }

  /** What is below a directory that was moved away is watched elsewhere now. */
  #lose(lost: readonly TreePath[]): void {
    if (lost.length === 0) return;
    const isLost = (path: TreePath): boolean =>
      lost.some((above) => above === '' || path === above || path.startsWith(`${above}/`));
    const left = [...this.#feed.watched].filter((path) => !isLost(path));
    for (const path of this.#quiet) if (isLost(path)) this.#quiet.delete(path);
    this.#feed.watch(new Set(left));
  }
}
