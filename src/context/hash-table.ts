/**
 * Numbers for texts by two 32-bit hashes: a million words are numbered without making a string. Open addressing, doubled
 * when half full. Two texts share a number with a chance of 1 in 2^63 per pair.
 */
export class HashTable {
  /** Four numbers each: the two hashes, the number and one, and nothing: a slot never lies in two lines of the cache. */
  #slots = new Int32Array(1 << 14);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of this text, new or known: a new one is what `size` was. */
  number(first: number, second: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (first << 2) & mask;
    for (;;) {
      const found = slots[slot + 2] ?? 0;
      if (found === 0) return this.#add(slot, first, second);
      if (slots[slot] === first && slots[slot + 1] === second) return found - 1;
      slot = (slot + SLOT) & mask;
    }
  }

  #add(slot: number, first: number, second: number): number {
    this.#slots[slot] = first;
    this.#slots[slot + 1] = second;
    this.#slots[slot + 2] = this.#size += 1;
    if (this.#size * SLOT * 2 > this.#slots.length) this.#grow();
    return this.#size - 1;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 4);
    const mask = slots.length - 1;
    for (let at = 0; at < old.length; at += SLOT) {
      if (old[at + 2] === 0) continue;
      let slot = ((old[at] ?? 0) << 2) & mask;
      while (slots[slot + 2] !== 0) slot = (slot + SLOT) & mask;
      slots[slot] = old[at] ?? 0;
      slots[slot + 1] = old[at + 1] ?? 0;
      slots[slot + 2] = old[at + 2] ?? 0;
    }
    this.#slots = slots;
  }
}

const SLOT = 4;
