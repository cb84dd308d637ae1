import type { ProcessEntry } from './process-table.ts';

/** Process groups and sessions, by their numbers. */
export interface Circles {
  readonly groups: ReadonlySet<number>;
  readonly sessions: ReadonlySet<number>;
}

export interface Family {
  readonly members: readonly ProcessEntry[];
  /** The groups and sessions that belong to it as a whole. */
  readonly circles: Circles;
}

/** Where a family is looked for. */
export interface Surroundings {
  readonly entries: readonly ProcessEntry[];
  /** The process that looks. */
  readonly self: number;
}

export const noCircles: Circles = { groups: new Set(), sessions: new Set() };

/**
 * The processes that belong to the seeds: the seeds, their descendants, and everything in a group or session that is
 * known to be theirs, that one of them leads, or whose leader is gone. Pure.
 *
 * Left out, with whatever only hangs on them: `self`, its ancestors, pid 1 and what is over. A group or session with a
 * living leader that is no member is somebody else's (the shell from which codeframe was started), as is ours.
 */
export function familyOf(
  { entries, self }: Surroundings,
  seeds: ReadonlySet<number>,
  known: Circles = noCircles,
): Family {
  const table = new Map(entries.map((entry) => [entry.pid, entry]));
  const spared = ancestry(table, self);
  const ours = ownCircles(table, spared);
  const members = new Map<number, ProcessEntry>();
  let circles = known;
  for (const entry of entries) if (seeds.has(entry.pid)) add(entry);
  do circles = circlesOf(members, { table, ours, known });
  while (grow());
  return { members: [...members.values()], circles };

  function grow(): boolean {
    const before = members.size;
    for (const entry of entries) {
      if (members.has(entry.parent) || isInside(entry, circles)) add(entry);
    }
    return members.size > before;
  }

  function add(entry: ProcessEntry): void {
    if (!entry.over && entry.pid !== 1 && !spared.has(entry.pid)) members.set(entry.pid, entry);
  }
}

/**
 * Children before their parents: a parent that dies before its stopped children leaves an orphaned group, to which the
 * kernel sends SIGHUP and SIGCONT, so that they would run on for a moment. Pure.
 */
export function childrenFirst(members: readonly ProcessEntry[]): readonly ProcessEntry[] {
  const table = new Map(members.map((entry) => [entry.pid, entry]));
  const depthOf = (entry: ProcessEntry): number => {
    const seen = new Set<number>();
    for (let at: ProcessEntry | undefined = entry; at !== undefined && !seen.has(at.pid);) {
      seen.add(at.pid);
      at = table.get(at.parent);
    }
    return seen.size;
  };
  return members
    .map((entry) => ({ entry, depth: depthOf(entry) }))
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ entry }) => entry);
}

/** `self` and all its ancestors. */
function ancestry(table: ReadonlyMap<number, ProcessEntry>, self: number): ReadonlySet<number> {
  const spared = new Set<number>();
  for (let pid = self; pid > 0 && !spared.has(pid); pid = table.get(pid)?.parent ?? 0) spared.add(pid);
  return spared;
}

function ownCircles(table: ReadonlyMap<number, ProcessEntry>, spared: ReadonlySet<number>): Circles {
  const own = [...spared].map((pid) => table.get(pid)).filter((entry) => entry !== undefined);
  return {
    groups: new Set(own.map(({ group }) => group)),
    sessions: new Set(own.map(({ session }) => session ?? 0)),
  };
}

function circlesOf(
  members: ReadonlyMap<number, ProcessEntry>,
  { table, ours, known }: { table: ReadonlyMap<number, ProcessEntry>; ours: Circles; known: Circles },
): Circles {
  const isLedByUs = (leader: number): boolean =>
    leader > 1 && (members.has(leader) || (table.get(leader)?.over ?? true));
  // A known one counts by the same rule: a number that was given to another process since has a living leader.
  const groups = new Set([...known.groups].filter(isLedByUs));
  const sessions = new Set([...known.sessions].filter(isLedByUs));
  for (const { group, session } of members.values()) {
    if (!ours.groups.has(group) && isLedByUs(group)) groups.add(group);
    if (session !== null && !ours.sessions.has(session) && isLedByUs(session)) sessions.add(session);
  }
  return { groups, sessions };
}

function isInside(entry: ProcessEntry, circles: Circles): boolean {
  return circles.groups.has(entry.group) || (entry.session !== null && circles.sessions.has(entry.session));
}
