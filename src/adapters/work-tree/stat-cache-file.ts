import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import { FileStat } from './file-stat.ts';
import { emptyCache, type CachedFile, type StatCache } from './stat-cache.ts';

/*
 * The file is one section after another, each of which says more, or newer things, than those before. A section: a line
 * `codeframe stat cache 3 <files> <bytes of an object id> <bytes of the section>`; for each file size, mtime and ctime in
 * ms, inode and device as 64-bit floating-point numbers of this machine; all object ids; all paths and after them all skipped directories, each ended by a NUL;
 * the sha256 of all before. What comes after a section that is torn or damaged does not count: losing it costs time only,
 * so that nothing of it is ever synced.
 */
const magic = 'codeframe stat cache 3';
const numbers = 5;
const headerBytes = 96;
const hashBytes = 32;
/** From so many sections on the file is written anew. */
const sectionsMax = 64;

/** The cache in a file, which is changed by adding to it. */
export class StatCacheFile {
  readonly #path: string;
  #sections = 0;
  /** Files in the first section, and in the others. */
  #firstFiles = 0;
  #addedFiles = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** What the file says; an empty cache when there is none. */
  load(): StatCache {
    const cache = emptyCache();
    let bytes = readWhole(this.#path);
    for (;;) {
      const section = takeSection(bytes);
      if (section === undefined) break;
      cache.skipped = decodeInto(cache.files, section);
      this.#count(section.count);
      bytes = bytes.subarray(section.bytes.length);
    }
    // Nobody would find what comes after a damaged section.
    if (bytes.length > 0) this.#sections = sectionsMax;
    return cache;
  }

  /** Starts anew: nothing of what the file says is to be believed. */
  forget(cache: StatCache): StatCache {
    this.#sections = 0;
    return { ...emptyCache(), skipped: cache.skipped };
  }

  /** Writes down what became known, as a part of all that is. */
  save(cache: StatCache, known: ReadonlyMap<TreePath, CachedFile>): void {
    const isWhole = this.#sections === 0 || this.#sections >= sectionsMax;
    if (isWhole || this.#addedFiles + known.size > this.#firstFiles / 2) return this.#replace(cache);
    appendFileSync(this.#path, encode(known, cache.skipped), { mode: 0o600 });
    this.#count(known.size);
  }

  /** Whoever reads it meanwhile finds the old one, the new one, or none. */
  #replace(cache: StatCache): void {
    const partial = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(partial, encode(cache.files, cache.skipped), { mode: 0o600 });
      // ext4 makes a rename over another file wait for the data to reach the disk; nothing here needs that.
      rmSync(this.#path, { force: true });
      renameSync(partial, this.#path);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
    this.#sections = 0;
    this.#addedFiles = 0;
    this.#count(cache.files.size);
  }

  #count(files: number): void {
    if (this.#sections === 0) this.#firstFiles = files;
    else this.#addedFiles += files;
    this.#sections += 1;
  }
}

function readWhole(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    // Whatever keeps it from being read, the answer is to read the files themselves.
    return Buffer.of();
  }
}

interface Section {
  readonly count: number;
  /** Bytes of an object id. */
  readonly width: number;
  readonly bytes: Buffer;
}

/** The first section of these bytes; undefined when it is not whole. */
function takeSection(bytes: Buffer): Section | undefined {
  const line = bytes.toString('latin1', 0, headerBytes);
  const [, count, width, length] = /^codeframe stat cache 3 (\d+) (\d+) (\d+) *\n$/.exec(line) ?? [];
  if (count === undefined || bytes.length < Number(length)) return undefined;
  const section = bytes.subarray(0, Number(length));
  const hash = createHash('sha256').update(section.subarray(0, -hashBytes)).digest();
  if (!hash.equals(section.subarray(-hashBytes))) return undefined;
  return { count: Number(count), width: Number(width), bytes: section };
}

/** Answers the skipped directories. */
function decodeInto(files: Map<TreePath, CachedFile>, section: Section): readonly TreePath[] {
  const { count, width, bytes } = section;
  const view = new Float64Array(count * numbers);
  Buffer.from(view.buffer).set(bytes.subarray(headerBytes, headerBytes + view.byteLength));
  const objectsAt = headerBytes + view.byteLength;
  const namesAt = objectsAt + count * width;
  const objects = bytes.toString('hex', objectsAt, namesAt);
  const names = bytes.toString('latin1', namesAt, bytes.length - hashBytes).split('\0');
  for (let i = 0; i < count; i++) {
    const object = objects.slice(i * width * 2, (i + 1) * width * 2);
    files.set(names[i] ?? '', { object, stat: new FileStat(view, i * numbers) });
  }
  return names.slice(count, -1);
}

function encode(files: ReadonlyMap<TreePath, CachedFile>, skipped: readonly TreePath[]): Buffer {
  const view = new Float64Array(files.size * numbers);
  const objects: string[] = [];
  let at = 0;
  for (const { object, stat } of files.values()) {
    view[at++] = stat.size;
    view[at++] = stat.mtimeMs;
    view[at++] = stat.ctimeMs;
    view[at++] = stat.inode;
    view[at++] = stat.device;
    objects.push(object);
  }
  const width = (objects[0]?.length ?? 0) / 2;
  const names = Buffer.from([...files.keys(), ...skipped, ''].join('\0'), 'latin1');
  const ids = Buffer.from(objects.join(''), 'hex');
  const length = headerBytes + view.byteLength + ids.length + names.length + hashBytes;
  const header = `${`${magic} ${files.size} ${width} ${length}`.padEnd(headerBytes - 1)}\n`;
  const body = Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(view.buffer), ids, names]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}
