import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { showPath } from '../../checkpoint/tree.ts';
import type { FileWriter } from '../../failure.ts';

/** The other processes that have one of these files below `root` open to write; see `TreeWriter.writersOf`. */
export function findWriters(root: string, paths: readonly string[]): readonly FileWriter[] {
  const wanted = new Set(paths);
  const start = `${Buffer.from(root).toString('latin1')}/`;
  const others = namesIn('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const writers: FileWriter[] = [];
  for (const pid of others) {
    const command = commandOf(pid);
    const open = new Set<string>();
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const target = linkOf(pid, fd);
      if (!target.startsWith(start)) continue;
      const path = showPath(target.slice(start.length));
      if (wanted.has(path) && mayWrite(pid, fd)) open.add(path);
    }
    writers.push(...[...open].map((path) => ({ path, pid: Number(pid), command })));
  }
  return writers;
}

/** By its first word, as some programs name their threads otherwise. */
function commandOf(pid: string): string {
  const [program = ''] = readOr('', `/proc/${pid}/cmdline`).split('\0');
  return basename(program) || readOr('?', `/proc/${pid}/comm`).trim();
}

function mayWrite(pid: string, fd: string): boolean {
  const flags = /^flags:\s+(\d+)/m.exec(readOr('', `/proc/${pid}/fdinfo/${fd}`))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0;
}

/** Empty for what is gone, or is not ours to read. */
function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function linkOf(pid: string, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`, { encoding: 'buffer' }).toString('latin1');
  } catch {
    return '';
  }
}

function readOr(otherwise: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
