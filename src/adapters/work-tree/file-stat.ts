import type { BigIntStats } from 'node:fs';
import type { StatSignature } from '../../checkpoint/tree.ts';

/** What a signature is made of. */
type StatNumbers = Pick<BigIntStats, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino' | 'dev'>;

/** A signature that becomes text only when it is asked for: of most files of a scan nobody asks. */
export class FileStat implements StatSignature {
  readonly size: number;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly ino: bigint;
  readonly dev: bigint;
  /** When the bytes were read that it is the signature of, in ns since 1970; undefined when they were not. */
  readonly readAt: bigint | undefined;

  constructor(stats: StatNumbers, readAt?: bigint) {
    this.size = Number(stats.size);
    this.mtime = stats.mtimeNs;
    this.ctime = stats.ctimeNs;
    this.ino = stats.ino;
    this.dev = stats.dev;
    this.readAt = readAt;
  }

  isOf(stats: StatNumbers): boolean {
    return (
      this.size === Number(stats.size) &&
      this.mtime === stats.mtimeNs &&
      this.ctime === stats.ctimeNs &&
      this.ino === stats.ino &&
      this.dev === stats.dev
    );
  }

  get mtimeNs(): string {
    return this.mtime.toString();
  }

  get ctimeNs(): string {
    return this.ctime.toString();
  }

  get inode(): string {
    return this.ino.toString();
  }

  get device(): string {
    return this.dev.toString();
  }

  toJSON(): StatSignature {
    const { size, mtimeNs, ctimeNs, inode, device } = this;
    return { size, mtimeNs, ctimeNs, inode, device };
  }
}

/** The permission bits of a mode. */
export function modeBits(stats: BigIntStats): number {
  return Number(stats.mode & 0o7777n);
}

const typeMask = 0o170000n;

/** What kind of thing it is, by the type bits: cheaper than the methods of `Stats`. */
export function kindOf(stats: BigIntStats): 'file' | 'directory' | 'link' | 'special' {
  switch (stats.mode & typeMask) {
    case 0o100000n:
      return 'file';
    case 0o040000n:
      return 'directory';
    case 0o120000n:
      return 'link';
    default:
      return 'special';
  }
}

export function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.mode === b.mode
  );
}
