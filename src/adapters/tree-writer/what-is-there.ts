import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs';
import { blobId } from '../../checkpoint/blob-id.ts';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { Before } from '../../checkpoint/tree-writer.ts';
import { isGone } from './safe-directory.ts';

/** Without following a link; undefined when nothing is there. */
export function look(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export function modeOf(stats: BigIntStats): number {
  return Number(stats.mode & 0o7777n);
}

/** Whether what the plan saw is still there. A changed time alone is no change: then the bytes decide. */
export function isAsBefore(path: Buffer, before: Before): boolean {
  const stats = look(path);
  if (before.kind === 'absent') return stats === undefined;
  if (stats === undefined) return false;
  if (before.kind === 'link') return stats.isSymbolicLink() && linkTarget(path) === before.target;
  if (!stats.isFile() || modeOf(stats) !== before.mode) return false;
  return hasSignature(stats, before.stat) || hasContent(path, before.object);
}

/** Whether a file's bytes are those of an object. False also when it is no file or changes while it is read. */
export function hasContent(path: Buffer, object: ObjectId): boolean {
  const bytes = readStill(path);
  return bytes !== null && blobId(bytes, object) === object;
}

export function linkTarget(path: Buffer): string {
  return readlinkSync(path, { encoding: 'buffer' }).toString('latin1');
}

/** Whether two looks at different times saw the same, unchanged file. Renaming changes the ctime: it does not count. */
export function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.mode === other.mode
  );
}

function hasSignature(stats: BigIntStats, signature: Extract<Before, { kind: 'file' }>['stat']): boolean {
  return (
    Number(stats.size) === signature.size &&
    inMs(stats.mtimeNs) === signature.mtimeMs &&
    inMs(stats.ctimeNs) === signature.ctimeMs &&
    Number(stats.ino) === signature.inode &&
    Number(stats.dev) === signature.device
  );
}

/** With the fractions, rounded as Node rounds those of `Stats`. */
function inMs(timeNs: bigint): number {
  const rest = timeNs % 1_000_000_000n;
  const ns = rest < 0n ? rest + 1_000_000_000n : rest;
  return Number((timeNs - ns) / 1_000_000_000n) * 1_000 + Number(ns) / 1_000_000;
}

function readStill(path: Buffer): Buffer | null {
  const descriptor = openToRead(path);
  if (descriptor === null) return null;
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (!before.isFile()) return null;
    const bytes = readFileSync(descriptor);
    return isSame(before, fstatSync(descriptor, { bigint: true })) ? bytes : null;
  } finally {
    closeSync(descriptor);
  }
}

function openToRead(path: Buffer): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
