import type { Stats } from 'node:fs';
import type { StatSignature } from '../../checkpoint/tree.ts';

/** What a signature is made of; times in ms since 1970, with fractions. */
export type StatNumbers = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'dev'>;

/**
 * The signature of a file. Numbers, as big integers take most of the time of a scan: times are exact to 0.24 µs, and
 * inodes above 2^53 are the nearest number, always the same one.
 */
export class FileStat implements StatSignature {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
  readonly device: number;
  /** When the bytes were read that it is the signature of, in ms since 1970; undefined when they were not. */
  readonly #readAt: number | undefined;

  constructor(stats: StatNumbers, readAt?: number) {
    this.size = stats.size;
    this.mtimeMs = stats.mtimeMs;
    this.ctimeMs = stats.ctimeMs;
    this.inode = stats.ino;
    this.device = stats.dev;
    this.#readAt = readAt;
  }

  get readAt(): number | undefined {
    return this.#readAt;
  }

  isOf(other: StatSignature): boolean {
    return (
      this.size === other.size &&
      this.mtimeMs === other.mtimeMs &&
      this.ctimeMs === other.ctimeMs &&
      this.inode === other.inode &&
      this.device === other.device
    );
  }
}

/** The signature that these numbers are: size, mtimeMs, ctimeMs, inode and device, from a place on. */
export function statAt(numbers: Float64Array, at: number): FileStat {
  return new FileStat({
    size: numbers[at] ?? 0,
    mtimeMs: numbers[at + 1] ?? 0,
    ctimeMs: numbers[at + 2] ?? 0,
    ino: numbers[at + 3] ?? 0,
    dev: numbers[at + 4] ?? 0,
  });
}

/** The permission bits of a mode. */
export function modeBits(mode: number): number {
  return mode & 0o7777;
}

/** What kind of thing it is, by the type bits: cheaper than the methods of `Stats`. */
export function kindOf(mode: number): 'file' | 'directory' | 'link' | 'special' {
  switch (mode & 0o170000) {
    case 0o100000:
      return 'file';
    case 0o040000:
      return 'directory';
    case 0o120000:
      return 'link';
    default:
      return 'special';
  }
}

export function sameFile(a: Stats, b: Stats): boolean {
  return (
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.mode === b.mode
  );
}
