import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { showPath } from '../../checkpoint/tree.ts';
import type { FileWriter } from '../../failure.ts';
import { openFiles } from '../open-files.ts';

/** The other processes that have one of these files below `root` open to write; see `TreeWriter.writersOf`. */
export function findWriters(root: string, paths: readonly string[]): readonly FileWriter[] {
  const wanted = new Set(paths);
  const start = `${Buffer.from(root).toString('latin1')}/`;
  const found = new Map<string, FileWriter>();
  for (const { pid, fd, target } of openFiles()) {
    if (!target.startsWith(start)) continue;
    const path = showPath(target.slice(start.length));
    if (!wanted.has(path) || found.has(`${pid} ${path}`) || !mayWrite(pid, fd)) continue;
    found.set(`${pid} ${path}`, { path, pid: Number(pid), command: commandOf(pid) });
  }
  return [...found.values()];
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

function readOr(otherwise: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
