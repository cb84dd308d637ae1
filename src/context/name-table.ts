import { estimateUnits } from './estimate-tokens.ts';
import { HashTable } from './hash-table.ts';
import { IntList } from './int-list.ts';
import type { Units } from './text-units.ts';

/** What a name looks like, which says how likely it is that only the context knows it. */
export const NAME_PLAIN = 0;
export const NAME_CAPITAL = 1;
/** camelCase, snake_case, or with a digit inside. */
export const NAME_MIXED = 2;
export const NAME_HASH = 3;
export const NAME_FILE = 4;
export const NAME_NUMBER = 5;

/** A name where it stands, enough to write it out without keeping a string of each, and its two hashes. */
export interface NamePlace {
  readonly from: number;
  readonly end: number;
  readonly first: number;
  readonly second: number;
}

/** The names of a memory: each has a number, and is known by where it stands first. */
export class NameTable {
  readonly #hashes = new HashTable();
  readonly #texts: string[] = [];
  readonly #from = new IntList();
  readonly #end = new IntList();
  readonly kinds: number[] = [];
  /** About how many tokens each is. */
  readonly estimates: number[] = [];

  get size(): number {
    return this.kinds.length;
  }

  /** The number of the name at this place of a text, new or known. */
  number(place: NamePlace, kind: number, source: { readonly text: string; readonly units: Units }): number {
    const id = this.#hashes.number(place.first, place.second);
    if (id < this.kinds.length) return id;
    this.#texts.push(source.text);
    this.#from.push(place.from);
    this.#end.push(place.end);
    this.kinds.push(kind);
    this.estimates.push(estimateUnits(source.units, place.from, place.end));
    return id;
  }

  /** The name as it is written. */
  word(id: number): string {
    return this.#texts[id]?.slice(this.#from.at(id), this.#end.at(id)) ?? '';
  }
}
