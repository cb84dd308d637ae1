import type { Stats } from 'node:fs';
import type { StatSignature } from '../../checkpoint/tree.ts';

/** What a signature is made of; times in ms since 1970, with fractions. */
export type StatNumbers = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'dev'>;

/**
 * The signature of a file. Numbers, as big integers take most of the time of a scan: times are exact to 0.24 µs, and
 * inodes above 2^53 are the nearest number, always the same one.
 */
export class FileStat implements StatSignature {
  /** How many numbers a signature is. */
  static readonly numbers = 5;

  /** Many signatures are in the same numbers: five fields with fractions would be five objects more for each file. */
  readonly #numbers: Float64Array;
  readonly #at: number;
  /** When the bytes were read that it is the signature of, in ms since 1970; undefined when they were not. */
  readonly #readAt: number | undefined;

  /** `at`: where its numbers begin: size, mtimeMs, ctimeMs, inode and device. They must not change any more. */
  constructor(numbers: Float64Array, at: number, readAt?: number) {
    this.#numbers = numbers;
    this.#at = at;
    this.#readAt = readAt;
  }

  static of({ size, mtimeMs, ctimeMs, ino, dev }: StatNumbers, readAt?: number): FileStat {
    return new FileStat(Float64Array.of(size, mtimeMs, ctimeMs, ino, dev), 0, readAt);
  }

  get size(): number {
    return this.#numbers[this.#at] ?? 0;
  }

  get mtimeMs(): number {
    return this.#numbers[this.#at + 1] ?? 0;
  }

  get ctimeMs(): number {
    return this.#numbers[this.#at + 2] ?? 0;
  }

  get inode(): number {
    return this.#numbers[this.#at + 3] ?? 0;
  }

  get device(): number {
    return this.#numbers[this.#at + 4] ?? 0;
  }

  get readAt(): number | undefined {
    return this.#readAt;
  }

  /** The plan of a restore is written down with it. */
  toJSON(): StatSignature {
    const { size, mtimeMs, ctimeMs, inode, device } = this;
    return { size, mtimeMs, ctimeMs, inode, device };
  }

  /** Writes its numbers down from this place on. */
  write(into: Float64Array, at: number): void {
    for (let i = 0; i < FileStat.numbers; i++) into[at + i] = this.#numbers[this.#at + i] ?? 0;
  }

  isOf(other: FileStat): boolean {
    return this.isAt(other.#numbers, other.#at);
  }

  /** Whether these are its numbers from that place on. */
  isAt(numbers: Float64Array, at: number): boolean {
    for (let i = 0; i < FileStat.numbers; i++)
      if (this.#numbers[this.#at + i] !== numbers[at + i]) return false;
    return true;
  }
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
