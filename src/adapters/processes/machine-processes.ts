import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Processes } from '../../agent/processes.ts';
import type { LeaseRow, OwnerLiveness, ProcessIdentity } from '../../project/lease.ts';
import { freezeFamily } from './freeze-family.ts';
import { killFamily } from './kill-family.ts';
import { MarkedSearch } from './marked-search.ts';
import { procTable } from './proc-table.ts';
import type { ProcessTable } from './process-table.ts';
import { psTable } from './ps-table.ts';
import { signalProcess } from './signal-process.ts';

/** The processes of this machine. */
export function openProcesses(table: ProcessTable = systemTable()): Processes {
  const identity = lazily(() => identityOf(table));
  const search = new MarkedSearch(table);
  const lookFor = (prefix: string) => () => search.look((marker) => marker.startsWith(prefix));
  return {
    identity,
    liveness: (of) => livenessOf(of, identity(), table),
    killOwner: (of) => {
      const entry = livenessOf(of, identity(), table) === 'alive' ? table.entry(of.pid ?? 0) : null;
      if (entry === null || entry.pid === process.pid || entry.start !== of.processStart) return false;
      signalProcess(entry, 'SIGKILL', table);
      return true;
    },
    async marked(prefix) {
      const found = lookFor(prefix)();
      const commands = table.commands(found.map(({ pid }) => pid));
      return found.map(({ pid }) => ({ pid, command: commands.get(pid) ?? '' }));
    },
    killMarked: (prefix, withinMs) => killFamily(lookFor(prefix), table, withinMs),
    freezeMarked: (prefix, withinMs) => freezeFamily(lookFor(prefix), table, withinMs),
  };
}

function livenessOf(
  of: Pick<LeaseRow, 'pid' | 'host' | 'bootId' | 'processStart'>,
  here: ProcessIdentity,
  table: ProcessTable,
): OwnerLiveness {
  if (of.pid === null || of.host === null) return 'dead';
  if (of.host !== here.host) return 'elsewhere';
  const [boot, namespace] = partsOf(of.bootId ?? '');
  const [bootHere, namespaceHere] = partsOf(here.bootId);
  if (boot !== bootHere) return 'dead';
  if (namespace !== namespaceHere) return 'elsewhere';
  const entry = Number.isSafeInteger(of.pid) && of.pid > 0 ? table.entry(of.pid) : null;
  return entry !== null && !entry.over && entry.start === of.processStart ? 'alive' : 'dead';
}

/** A boot id, and behind a blank the container whose processes are seen, where the system tells. */
function partsOf(bootId: string): readonly [string, string] {
  const [boot = '', namespace = ''] = bootId.split(' ');
  return [boot, namespace];
}

function identityOf(table: ProcessTable): ProcessIdentity {
  const entry = table.entry(process.pid);
  if (entry === null) throw new Error('the process table does not list this process');
  return { pid: process.pid, host: hostname(), bootId: table.bootId(), processStart: entry.start };
}

/** The table of the system that this runs on. */
export function systemTable(): ProcessTable {
  return existsSync('/proc/self/stat') ? procTable : psTable;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
