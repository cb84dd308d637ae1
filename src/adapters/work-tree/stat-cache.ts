import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ObjectId, TreePath } from '../../checkpoint/tree.ts';
import { FileStat } from './file-stat.ts';

/** Which object a file's bytes are, as long as its signature is this one. */
export interface CachedFile {
  readonly object: ObjectId;
  readonly stat: FileStat;
}

export interface StatCache {
  readonly files: Map<TreePath, CachedFile>;
  /** The uncovered directories of that scan: where the next one need not hurry to look. A hint only. */
  readonly skipped: readonly TreePath[];
}

export function emptyCache(): StatCache {
  return { files: new Map(), skipped: [] };
}

/**
 * How long before it was read a file must have been left alone, by its own times, for its signature to be trusted by a
 * later scan. A write changes ctime, but file systems count in ticks: 10 ms at most on Linux's own, 2 s on FAT. A file
 * that was read in the tick of its last write can be written again without a trace; one older than a tick cannot.
 */
const racyNs = 2_000_000_000n;

/** True also for what was not read by this process: nobody knows when its bytes were those. */
export function isRacy(stat: FileStat): boolean {
  const youngest = stat.mtime > stat.ctime ? stat.mtime : stat.ctime;
  return stat.readAt === undefined || youngest >= stat.readAt - racyNs;
}

/*
 * The file: a line `codeframe stat cache 1 <files> <bytes of an object id>`, then for each file size, mtime, ctime,
 * inode and device as 64-bit numbers, then all object ids, then all paths and after them all skipped directories, each
 * ended by a NUL, then the sha256 of all before. With the hash a torn or damaged file is no worse than none, so that
 * it needs no fsync.
 */
const magic = 'codeframe stat cache 1';
const numbers = 5;
const headerBytes = 64;
const hashBytes = 32;

/** The cache in that file; an empty one when there is none, or it is not whole. */
export function loadCache(path: string): StatCache {
  const bytes = readWhole(path);
  if (bytes === undefined || bytes.length < headerBytes + hashBytes) return emptyCache();
  const body = bytes.subarray(0, bytes.length - hashBytes);
  const [, count, width] =
    /^codeframe stat cache 1 (\d+) (\d+) *\n$/.exec(body.toString('latin1', 0, headerBytes)) ?? [];
  if (count === undefined || width === undefined) return emptyCache();
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(-hashBytes))) return emptyCache();
  return decode(body, Number(count), Number(width));
}

function readWhole(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    // Whatever keeps it from being read, the answer is to read the files themselves.
    return undefined;
  }
}

function decode(body: Buffer, count: number, width: number): StatCache {
  const view = new BigInt64Array(count * numbers);
  Buffer.from(view.buffer).set(body.subarray(headerBytes, headerBytes + view.byteLength));
  const objectsAt = headerBytes + view.byteLength;
  const objects = body.toString('hex', objectsAt, objectsAt + count * width);
  const names = body.toString('latin1', objectsAt + count * width).split('\0');
  const at = (index: number): bigint => view[index] ?? 0n;
  const files = new Map<TreePath, CachedFile>();
  for (let i = 0; i < count; i++) {
    const stat = new FileStat({
      size: at(i * numbers),
      mtimeNs: at(i * numbers + 1),
      ctimeNs: at(i * numbers + 2),
      ino: BigInt.asUintN(64, at(i * numbers + 3)),
      dev: BigInt.asUintN(64, at(i * numbers + 4)),
    });
    files.set(names[i] ?? '', { object: objects.slice(i * width * 2, (i + 1) * width * 2), stat });
  }
  return { files, skipped: names.slice(count, -1) };
}

/** Replaces the file by this cache: whoever reads it meanwhile finds the old one, the new one, or none. */
export function saveCache(path: string, cache: StatCache): void {
  const partial = `${path}.${process.pid}`;
  try {
    writeFileSync(partial, encode(cache), { mode: 0o600 });
    // ext4 makes a rename over another file wait for the data to reach the disk; nothing here needs that.
    rmSync(path, { force: true });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function encode(cache: StatCache): Buffer {
  const count = cache.files.size;
  const view = new BigInt64Array(count * numbers);
  const objects: string[] = [];
  let at = 0;
  for (const { object, stat } of cache.files.values()) {
    view[at++] = BigInt(stat.size);
    view[at++] = stat.mtime;
    view[at++] = stat.ctime;
    view[at++] = BigInt.asIntN(64, stat.ino);
    view[at++] = BigInt.asIntN(64, stat.dev);
    objects.push(object);
  }
  const width = (objects[0]?.length ?? 0) / 2;
  const names = [...cache.files.keys(), ...cache.skipped, ''].join('\0');
  const header = `${`${magic} ${count} ${width}`.padEnd(headerBytes - 1)}\n`;
  const body = Buffer.concat([
    Buffer.from(header, 'latin1'),
    Buffer.from(view.buffer),
    Buffer.from(objects.join(''), 'hex'),
    Buffer.from(names, 'latin1'),
  ]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}
