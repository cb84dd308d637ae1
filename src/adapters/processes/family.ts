import type { ProcessEntry } from './process-table.ts';

/**
 * The processes that belong to the seeds: the seeds, their descendants, and everything in a group or session that one
 * of them leads, or whose leader is gone. Children come before their parents. Pure.
 *
 * Left out, with whatever only hangs on them: `self`, its ancestors, pid 1 and what is over. A group or session with a
 * living leader that is no member is somebody else's (the shell from which codeframe was started), as is ours.
 */
export function familyOf(
  entries: readonly ProcessEntry[],
  seeds: ReadonlySet<number>,
  self: number,
): readonly ProcessEntry[] {
  const table = new Map(entries.map((entry) => [entry.pid, entry]));
  const spared = ancestry(table, self);
  const members = new Map<number, ProcessEntry>();
  const ours = ownCircles(table, spared);
  for (const entry of entries) if (seeds.has(entry.pid)) add(entry);
  while (grow());
  return childrenFirst(members);

  function add(entry: ProcessEntry): boolean {
    if (entry.over || entry.pid === 1 || spared.has(entry.pid) || members.has(entry.pid)) return false;
    members.set(entry.pid, entry);
    return true;
  }

  function grow(): boolean {
    const circles = circlesOf(members, table, ours);
    let grown = false;
    for (const entry of entries) {
      const belongs = members.has(entry.parent) || isInside(entry, circles);
      if (belongs && add(entry)) grown = true;
    }
    return grown;
  }
}

interface Circles {
  readonly groups: ReadonlySet<number>;
  readonly sessions: ReadonlySet<number>;
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
  table: ReadonlyMap<number, ProcessEntry>,
  ours: Circles,
): Circles {
  const isLedByUs = (leader: number): boolean =>
    leader > 1 && (members.has(leader) || (table.get(leader)?.over ?? true));
  const groups = new Set<number>();
  const sessions = new Set<number>();
  for (const { group, session } of members.values()) {
    if (!ours.groups.has(group) && isLedByUs(group)) groups.add(group);
    if (session !== null && !ours.sessions.has(session) && isLedByUs(session)) sessions.add(session);
  }
  return { groups, sessions };
}

function isInside(entry: ProcessEntry, circles: Circles): boolean {
  return circles.groups.has(entry.group) || (entry.session !== null && circles.sessions.has(entry.session));
}

/**
 * A parent that dies before its stopped children leaves an orphaned group, to which the kernel sends SIGHUP and
 * SIGCONT: they would run on for a moment.
 */
function childrenFirst(members: ReadonlyMap<number, ProcessEntry>): readonly ProcessEntry[] {
  const depthOf = (entry: ProcessEntry): number => {
    let depth = 0;
    const seen = new Set<number>();
    for (let at = entry; members.has(at.parent) && !seen.has(at.pid); depth++) {
      seen.add(at.pid);
      at = members.get(at.parent) ?? at;
    }
    return depth;
  };
  return [...members.values()]
    .map((entry) => ({ entry, depth: depthOf(entry) }))
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ entry }) => entry);
}
