/** Keeps the beginning and the end of what a program prints, and counts what is left out between them. */
export class CappedOutput {
  readonly #headMax: number;
  readonly #tailMax: number;
  #head = Buffer.alloc(0);
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #dropped = 0;

  constructor(max: { readonly headBytes: number; readonly tailBytes: number }) {
    this.#headMax = max.headBytes;
    this.#tailMax = max.tailBytes;
  }

  add(chunk: Buffer): void {
    const room = this.#headMax - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    // Let it grow to twice the size before it is cut, so that many small chunks cost little.
    if (this.#tailBytes > 2 * this.#tailMax) this.#trim();
  }

  text(): string {
    this.#trim();
    const tail = Buffer.concat(this.#tail).toString('utf8');
    if (this.#dropped === 0) return Buffer.concat([this.#head, ...this.#tail]).toString('utf8');
    return `${this.#head.toString('utf8')}\n[… ${this.#dropped} bytes left out …]\n${tail}`;
  }

  #trim(): void {
    const excess = this.#tailBytes - this.#tailMax;
    if (excess <= 0) return;
    this.#tail = [Buffer.concat(this.#tail).subarray(excess)];
    this.#tailBytes -= excess;
    this.#dropped += excess;
  }
}
