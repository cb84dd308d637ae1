import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { ReadFile } from '../../checkpoint/work-tree.ts';
import { fileProblem, type FileProblem } from './file-problem.ts';
import { FileStat, kindOf, modeBits, sameFile } from './file-stat.ts';
import { parentPath, rawPath } from './raw-path.ts';

const tries = 3;

/**
 * Two ticks of the slowest Linux kernel. A write within the tick of the one before leaves no trace in the times, so
 * what was written a moment ago is read only when its tick is over: then a write during the reading does show.
 */
const tickMs = 20;

/** A file's bytes as of one instant, or why there are none. */
export async function readTreeFile(root: string, path: TreePath, now = Date.now): Promise<ReadFile> {
  let problem: FileProblem = 'changing';
  let last: Buffer | undefined;
  for (let attempt = 0; attempt < tries; attempt++) {
    const readAt = now();
    const read = readOnce(root, path);
    if ('problem' in read) {
      problem = read.problem;
      if (problem !== 'changing') break;
      await sleep(tickMs);
      continue;
    }
    const youngMs = tickMs - ageMs(read);
    if (youngMs <= 0 || last?.equals(read.bytes) === true) return whole(read, readAt);
    last = read.bytes;
    // Times that lie ahead say nothing of the age: then two equal readings a tick apart have to do.
    await sleep(Math.min(youngMs, tickMs));
  }
  return { ok: false, reason: problem };
}

interface Reading {
  readonly bytes: Buffer;
  readonly stats: Stats;
  readonly beganMs: number;
}

type Attempt = Reading | { readonly problem: FileProblem };

function readOnce(root: string, path: TreePath): Attempt {
  let file: number | undefined;
  try {
    file = openSync(rawPath(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return readOpen(file, root, path);
  } catch (error) {
    return { problem: fileProblem(error, { path, doing: 'read' }) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readOpen(file: number, root: string, path: TreePath): Attempt {
  const beganMs = Date.now();
  const stats = fstatSync(file);
  if (kindOf(stats.mode) !== 'file') return { problem: 'special' };
  if (!isWhereItSeems(file, root, path)) return { problem: 'changing' };
  const bytes = readExactly(file, stats.size);
  if (bytes === undefined || !sameFile(stats, fstatSync(file))) return { problem: 'changing' };
  return { bytes, stats, beganMs };
}

/** False when a directory on the way is a link by now: the open file is then another one than the tree's. */
function isWhereItSeems(file: number, root: string, path: TreePath): boolean {
  const expected = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
  if (process.platform === 'linux') {
    return readlinkSync(`/proc/self/fd/${file}`, { encoding: 'buffer' }).equals(expected);
  }
  const parent = rawPath(root, parentPath(path));
  return realpathSync(parent, { encoding: 'buffer' }).equals(Buffer.from(parent));
}

/** Undefined when there are more or fewer bytes than that. */
function readExactly(file: number, size: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(size + 1);
  let at = 0;
  while (at <= size) {
    const count = readSync(file, bytes, at, bytes.length - at, null);
    if (count === 0) break;
    at += count;
  }
  return at === size ? bytes.subarray(0, size) : undefined;
}

/** How long before the reading the file was last written, in ms; below 0 when its times lie ahead. */
function ageMs(read: Reading): number {
  return read.beganMs - Math.floor(read.stats.ctimeMs);
}

function whole(read: Reading, readAt: number): ReadFile {
  const stat = FileStat.of(read.stats, readAt);
  return { ok: true, bytes: read.bytes, mode: modeBits(read.stats.mode), stat };
}
