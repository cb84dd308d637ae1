import { stripVTControlCharacters } from 'node:util';

const bytesMax = 8 * 1024;

/** The end of a program's output. */
export class Tail {
  #bytes: Buffer = Buffer.alloc(0);
  #cut = false;

  add(chunk: Buffer): void {
    const all = Buffer.concat([this.#bytes, chunk]);
    this.#cut ||= all.length > bytesMax;
    this.#bytes = all.subarray(-bytesMax);
  }

  /** Without colours and control characters; what a program wrote over itself (progress bars) is there as lines. */
  text(): string {
    const start = this.#cut ? firstWhole(this.#bytes) : 0;
    const text = stripVTControlCharacters(this.#bytes.subarray(start).toString('utf8'));
    const clean = text.replaceAll(/\r\n?/g, '\n').replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, '');
    return (this.#cut ? `[…]${clean}` : clean).trimEnd();
  }

  /** The last lines that say something, each cut to a length for people. */
  lastLines(count: number): readonly string[] {
    const lines = this.text()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return lines.slice(-count).map((line) => (line.length > 200 ? `${line.slice(0, 199)}…` : line));
  }
}

/** The first byte that starts a character. */
function firstWhole(bytes: Buffer): number {
  const start = bytes.findIndex((byte) => (byte & 0xc0) !== 0x80);
  return Math.max(start, 0);
}
