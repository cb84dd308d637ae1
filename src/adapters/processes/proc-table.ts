import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { ProcessEntry, ProcessTable } from './process-table.ts';

/** Linux. Read synchronously: a few hundred small files take milliseconds so, and the table is of one moment. */
export const procTable: ProcessTable = {
  list() {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readEntry(Number(name)))
      .filter((entry) => entry !== null);
  },
  entry: readEntry,
  environmentValues(entries, name) {
    return new Map(entries.map((entry) => [entry.pid, environmentOf(entry, name)]));
  },
  commands(pids) {
    return new Map(pids.map((pid) => [pid, commandOf(pid)]));
  },
  bootId() {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${pidNamespace()}`;
  },
};

/** PF_KTHREAD in the kernel's sched.h: most of the table on a small machine, and never anybody's agent. */
const kernelThread = 0x200000;

/** Numbers of fields as in proc(5), behind the name in parentheses, which may itself hold spaces and parentheses. */
export function parseStat(pid: number, stat: string): ProcessEntry | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  if (field(22) === '' || (Number(field(9)) & kernelThread) !== 0) return null;
  return {
    pid,
    parent: Number(field(4)),
    group: Number(field(5)),
    session: Number(field(6)),
    start: field(22),
    // The first thread may be over while others go on: then the process is not.
    over: 'ZX'.includes(field(3)) && Number(field(20)) <= 1,
    stopped: 'Tt'.includes(field(3)),
  };
}

function readEntry(pid: number): ProcessEntry | null {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  const stat = readProc(`${pid}/stat`);
  return stat === null ? null : parseStat(pid, stat);
}

function environmentOf({ pid, over }: ProcessEntry, name: string): readonly string[] {
  const text = over ? null : environmentText(pid);
  if (text === null || !text.includes(`${name}=`)) return [];
  // Another user's variable may say what it likes; it gives nobody the right to kill.
  if (statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid !== process.geteuid?.()) return [];
  return text
    .split('\0')
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** How often, and how long in ms, a process is waited for that shows nothing. */
const waits = { count: 10, ms: 1 };
const nobody = new Int32Array(new SharedArrayBuffer(4));

/**
 * In the middle of execve(2) a process shows neither environment nor command line. It would be taken for nobody's, and
 * what nobody stops goes on: so it is waited for, not long, for a few that are ending show nothing either.
 */
function environmentText(pid: number): string | null {
  for (let waited = 0; waited < waits.count; waited++) {
    const text = readProc(`${pid}/environ`);
    if (text !== '') return text;
    if (readProc(`${pid}/cmdline`) !== '') break;
    Atomics.wait(nobody, 0, 0, waits.ms);
  }
  // It may have come to its end since it was found empty.
  return readProc(`${pid}/environ`);
}

function commandOf(pid: number): string {
  return (readProc(`${pid}/cmdline`) ?? '').split('\0').join(' ').trim();
}

/** Null for what is gone, was never there, or is not ours to read: all of it is expected while others come and go. */
function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch (error) {
    if (isExpected(error)) return null;
    throw error;
  }
}

function isExpected(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL', 'EAGAIN'].includes(code);
}

/** Two containers of one machine have the same boot id and host name at times, and the same pids. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch (error) {
    if (isExpected(error)) return '';
    throw error;
  }
}
