import { markerVariable } from '../../agent/processes.ts';
import { familyOf, noCircles, type Circles, type Family } from './family.ts';
import { keyOf, type ProcessEntry, type ProcessTable } from './process-table.ts';

/** What was found under a marker at the last look. */
interface Remembered {
  readonly keys: ReadonlySet<string>;
  readonly circles: Circles;
  readonly at: number;
}

/** How long an empty group's number is taken to be unused: in longer times pids may come round again. */
const circlesKeptMs = 10_000;

/**
 * Finds marked processes and their families, and remembers them: what was seen once with its parent, or in its group,
 * is found again when it has lost both.
 */
export class MarkedSearch {
  readonly #table: ProcessTable;
  readonly #remembered = new Map<string, Remembered>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /** The living processes of the markers that are meant. */
  look(isMeant: (marker: string) => boolean): readonly ProcessEntry[] {
    const entries = this.#table.list();
    const found = new Map<number, ProcessEntry>();
    for (const [marker, pids] of this.#seedsByMarker(entries, isMeant)) {
      const family = familyOf({ entries, self: process.pid }, pids, this.#circlesOf(marker));
      for (const entry of family.members) found.set(entry.pid, entry);
      this.#remember(marker, family);
    }
    return [...found.values()];
  }

  #circlesOf(marker: string): Circles {
    const remembered = this.#remembered.get(marker);
    const isRecent = remembered !== undefined && performance.now() - remembered.at < circlesKeptMs;
    return isRecent ? remembered.circles : noCircles;
  }

  #seedsByMarker(
    entries: readonly ProcessEntry[],
    isMeant: (marker: string) => boolean,
  ): ReadonlyMap<string, ReadonlySet<number>> {
    const seeds = new Map<string, Set<number>>();
    for (const [marker, { keys }] of this.#remembered) {
      if (!isMeant(marker)) continue;
      const living = entries.filter((entry) => keys.has(keyOf(entry)));
      seeds.set(marker, new Set(living.map(({ pid }) => pid)));
    }
    for (const [pid, markers] of this.#table.environmentValues(entries, markerVariable)) {
      for (const marker of markers.filter(isMeant))
        seeds.set(marker, (seeds.get(marker) ?? new Set()).add(pid));
    }
    return seeds;
  }

  /** A group or session with nobody in it is forgotten: its number may be another's from now on. */
  #remember(marker: string, { members, circles }: Family): void {
    if (members.length === 0) {
      this.#remembered.delete(marker);
      return;
    }
    const groups = new Set(members.map(({ group }) => group));
    const sessions = new Set(members.map(({ session }) => session ?? 0));
    this.#remembered.set(marker, {
      at: performance.now(),
      keys: new Set(members.map(keyOf)),
      circles: {
        groups: onlyIn(circles.groups, groups),
        sessions: onlyIn(circles.sessions, sessions),
      },
    });
  }
}

function onlyIn(numbers: ReadonlySet<number>, used: ReadonlySet<number>): ReadonlySet<number> {
  return new Set([...numbers].filter((number) => used.has(number)));
}
