import { FileStat } from './file-stat.ts';
import type { CachedFile } from './stat-cache.ts';

/** The files of one directory, as they are in the bytes of the cache's file: each sort of thing together, in one order. */
export interface PackedFiles {
  /** Sorted, `/` between them. */
  readonly names: string;
  /** Of each file the numbers of a signature, from `numbersAt` on. */
  readonly numbers: Float64Array;
  readonly numbersAt: number;
  /** Of each file the object id, `digits` long, from `objectsAt` on. */
  readonly objects: string;
  readonly objectsAt: number;
  readonly digits: number;
}

/**
 * What the cache's file says of one directory. Nothing is made of a file before it is asked for, and a tree of 100,000 files is
 * asked for in the order of the names: then each name is the next one.
 */
export class KnownDirectory {
  readonly #packed: PackedFiles;
  /** What was written down before, and may be newer for some files. */
  readonly #older: KnownDirectory | undefined;
  #names: readonly string[] | undefined;
  /** What was given out, which is given out again. */
  readonly #given: CachedFile[] = [];
  #next = 0;

  constructor(packed: PackedFiles, older: KnownDirectory | undefined) {
    this.#packed = packed;
    this.#older = older;
  }

  /** What is known of the file with this name and signature. */
  find(name: string, stat: FileStat): CachedFile | undefined {
    const names = (this.#names ??= this.#packed.names.split('/'));
    const at = names[this.#next] === name ? this.#next : placeOf(name, names);
    if (at === undefined) return this.#older?.find(name, stat);
    this.#next = at + 1;
    const { numbers, numbersAt } = this.#packed;
    if (!stat.isAt(numbers, numbersAt + at * FileStat.numbers)) return this.#older?.find(name, stat);
    return (this.#given[at] ??= { object: this.#objectAt(at), stat, entry: undefined });
  }

  /** All that was written down, the newest last. */
  *files(): Generator<readonly [name: string, file: CachedFile]> {
    if (this.#older !== undefined) yield* this.#older.files();
    for (const [at, name] of this.#packed.names.split('/').entries())
      yield [name, { object: this.#objectAt(at), stat: this.#statAt(at), entry: undefined }];
  }

  #statAt(at: number): FileStat {
    const { numbers, numbersAt } = this.#packed;
    return new FileStat(numbers, numbersAt + at * FileStat.numbers);
  }

  #objectAt(at: number): string {
    const { objects, objectsAt, digits } = this.#packed;
    const from = objectsAt + at * digits;
    return objects.slice(from, from + digits);
  }
}

/** By halving: a name that is not there must not cost what the directory is large. */
function placeOf(name: string, names: readonly string[]): number | undefined {
  let [from, to] = [0, names.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((names[middle] ?? '') < name) from = middle + 1;
    else to = middle;
  }
  return names[from] === name ? from : undefined;
}
