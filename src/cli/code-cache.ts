import {
  accessSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Chunk } from './chunks.ts';

/** Larger files are tables, of which V8's code is larger still. */
const sourceBytesMax = 2_000_000;

interface Compiled {
  readonly name: string;
  readonly sourceBytes: number;
  readonly sourceCrc: number;
  readonly data: Buffer;
}

/**
 * What V8 made of the program's files when a command last ran, in one file for each command: a line of JSON that says
 * what is in it, that, and a checksum of all. V8 itself looks neither at the checksum nor at the source, so this does.
 */
export class CodeCache {
  readonly #file: string;
  readonly #dist: string;
  readonly #compiled: ReadonlyMap<string, Compiled>;

  private constructor(file: string, dist: string) {
    this.#file = file;
    this.#dist = dist;
    this.#compiled = new Map(readCompiled(file).map((each) => [each.name, each]));
  }

  static open(dist: string, command: string): CodeCache {
    const tag = cachedDataVersionTag().toString(16);
    return new CodeCache(path.join(placeOf(dist), `${command}.${tag}`), dist);
  }

  /** V8's code of a file with this source. */
  find(name: string, source: Buffer): Buffer | undefined {
    const found = this.#compiled.get(name);
    return found?.sourceBytes === source.length && found.sourceCrc === crc32(source) ? found.data : undefined;
  }

  /** Writes down what V8 has of these files by now: of the functions that have run. Nothing when all were known. */
  save(chunks: readonly Chunk[]): void {
    const kept = chunks.filter(({ source }) => source.length <= sourceBytesMax);
    if (!kept.some(({ isNew }) => isNew)) return;
    const made = new Map(kept.map((chunk) => [chunk.name, compiledOf(chunk)]));
    for (const [name, old] of this.#compiled) if (!made.has(name) && this.#isThere(name)) made.set(name, old);
    try {
      this.#write(encode([...made.values()]));
    } catch {
      // A disk that is full or cannot be written: the next start takes as long as this one.
    }
  }

  #isThere(name: string): boolean {
    return statSync(path.join(this.#dist, name), { throwIfNoEntry: false }) !== undefined;
  }

  #write(bytes: Buffer): void {
    mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const partial = `${this.#file}.${process.pid}`;
    try {
      writeFileSync(partial, bytes, { mode: 0o600, flag: 'wx' });
      renameSync(partial, this.#file);
    } finally {
      rmSync(partial, { force: true });
    }
  }
}

/** Beside the program; below the user's own data where another installed it. */
function placeOf(dist: string): string {
  const home = process.env['CODEFRAME_HOME'] ?? path.join(process.env['HOME'] ?? '/', '.codeframe');
  try {
    accessSync(dist, constants.W_OK);
    return path.join(dist, 'compiled');
  } catch {
    return path.join(home, 'compiled');
  }
}

function compiledOf({ name, source, script }: Chunk): Compiled {
  return { name, sourceBytes: source.length, sourceCrc: crc32(source), data: script.createCachedData() };
}

function encode(compiled: readonly Compiled[]): Buffer {
  const list = compiled.map(({ data, ...of }) => ({ ...of, bytes: data.length }));
  const all = Buffer.concat([Buffer.from(`${JSON.stringify(list)}\n`), ...compiled.map(({ data }) => data)]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(all));
  return Buffer.concat([all, sum]);
}

/** Nothing when there is none, or another's, or one that is not whole. */
function readCompiled(file: string): readonly Compiled[] {
  try {
    if (statSync(file).uid !== process.getuid?.()) return [];
    const bytes = readFileSync(file);
    const all = bytes.subarray(0, -4);
    return crc32(all) === bytes.readUInt32LE(all.length) ? decode(all) : [];
  } catch {
    // Whatever keeps it from being read, the program is there without it.
    return [];
  }
}

function decode(all: Buffer): readonly Compiled[] {
  const end = all.indexOf('\n');
  const list = JSON.parse(all.toString('latin1', 0, end)) as (Omit<Compiled, 'data'> & { bytes: number })[];
  let at = end + 1;
  return list.map(({ bytes, ...of }) => {
    const data = all.subarray(at, at + bytes);
    at += bytes;
    return { ...of, data };
  });
}
