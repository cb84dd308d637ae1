import { execFileSync } from 'node:child_process';
import type { ProcessEntry, ProcessTable } from './process-table.ts';

/**
 * Where there is no /proc (macOS). Tested with the `ps` of Linux only: the columns are those of POSIX and BSD, but the
 * environment of programs that macOS protects is not shown there, so these are found by descent and group alone.
 */
export const psTable: ProcessTable = {
  list: () => read(['-axo', columns]),
  entry: (pid) => read(['-o', columns, '-p', String(pid)])[0] ?? null,
  environmentValues(entries, name) {
    const wanted = new Set(entries.map(({ pid }) => pid));
    const pairs = [...lines(ps(['eaxwwo', 'pid=,command=']))]
      .map((line) => ({ pid: Number.parseInt(line.trim(), 10), values: valuesIn(line, name) }))
      .filter(({ pid }) => wanted.has(pid));
    return new Map(pairs.map(({ pid, values }) => [pid, values]));
  },
  commands(pids) {
    if (pids.length === 0) return new Map();
    const listed = lines(ps(['-ww', '-o', 'pid=,command=', '-p', pids.join(',')]));
    return new Map(
      listed.map((line) => [Number.parseInt(line.trim(), 10), line.trim().replace(/^\d+ +/, '')]),
    );
  },
  bootId: () => execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim(),
};

const columns = 'pid=,ppid=,pgid=,stat=,lstart=';

function read(args: readonly string[]): readonly ProcessEntry[] {
  return lines(ps(args))
    .map(parseLine)
    .filter((entry) => entry !== null);
}

/** `  123     1   123 Ss   Mon Nov 23 08:14:29 2026` */
export function parseLine(line: string): ProcessEntry | null {
  const [pid, parent, group, state, ...start] = line.trim().split(/ +/);
  if (state === undefined || start.length === 0) return null;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: null,
    start: start.join(' '),
    over: state.startsWith('Z'),
    stopped: /^[Tt]/.test(state),
  };
}

/** `ps e` shows the environment behind the command, separated by blanks; a marker holds none. */
function valuesIn(line: string, name: string): readonly string[] {
  return line
    .split(' ')
    .filter((word) => word.startsWith(`${name}=`))
    .map((word) => word.slice(name.length + 1));
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** `ps` answers 1 and nothing when it finds no process. */
function ps(args: readonly string[]): string {
  try {
    return execFileSync('ps', args, {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    if ((error as { status?: unknown }).status === 1) return '';
    throw error;
  }
}
