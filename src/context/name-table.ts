import { IntList } from './int-list.ts';

/** What a name looks like, which says how likely it is that only the context knows it. */
export const NAME_PLAIN = 0;
export const NAME_CAPITAL = 1;
/** camelCase, snake_case, or with a digit inside. */
export const NAME_MIXED = 2;
export const NAME_HASH = 3;
export const NAME_FILE = 4;
export const NAME_NUMBER = 5;

/** Where a name stands first: enough to write it out without keeping a string of each. */
export interface NamePlace {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Numbers for names, by two 32-bit hashes of their letters: a million words are numbered without making a string.
 * Open addressing, doubled when half full. Two names share a number with a chance of 1 in 2^63 per pair.
 */
export class NameTable {
  #slots = new Int32Array(1 << 12).fill(-1);
  #mask = (1 << 12) - 1;
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  readonly #texts: string[] = [];
  readonly #from = new IntList();
  readonly #to = new IntList();
  readonly kinds: number[] = [];

  get size(): number {
    return this.kinds.length;
  }

  /** The number of this name, new or known. */
  number(hash: { first: number; second: number }, kind: number, place: NamePlace): number {
    let slot = hash.first & this.#mask;
    for (;;) {
      const id = this.#slots[slot] ?? -1;
      if (id < 0) {
        this.#slots[slot] = this.kinds.length;
        return this.#add(hash, kind, place);
      }
      if (this.#first[id] === hash.first && this.#second[id] === hash.second) return id;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The name as it is written. */
  word(id: number): string {
    return this.#texts[id]?.slice(this.#from.at(id), this.#to.at(id)) ?? '';
  }

  #add(hash: { first: number; second: number }, kind: number, place: NamePlace): number {
    const id = this.kinds.length;
    this.#first.push(hash.first);
    this.#second.push(hash.second);
    this.#texts.push(place.text);
    this.#from.push(place.from);
    this.#to.push(place.to);
    this.kinds.push(kind);
    if (this.kinds.length * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const length = this.#slots.length * 2;
    this.#slots = new Int32Array(length).fill(-1);
    this.#mask = length - 1;
    for (let id = 0; id < this.#first.length; id += 1) {
      let slot = (this.#first[id] ?? 0) & this.#mask;
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = id;
    }
  }
}
