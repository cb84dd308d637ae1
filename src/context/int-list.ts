/** Whole numbers in a row that grows: millions of them without an object for each. */
export class IntList {
  #all = new Int32Array(1_024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#all.length) {
      const larger = new Int32Array(this.#all.length * 4);
      larger.set(this.#all);
      this.#all = larger;
    }
    this.#all[this.#length] = value;
    this.#length += 1;
  }

  at(index: number): number {
    return this.#all[index] ?? 0;
  }

  /** What is in it now, without a copy. */
  values(): Int32Array {
    return this.#all.subarray(0, this.#length);
  }
}
