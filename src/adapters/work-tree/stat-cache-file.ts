import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { TreePath } from '../../checkpoint/tree.ts';
import { FileStat } from './file-stat.ts';
import { KnownDirectory } from './known-directory.ts';
import { parentPath } from './raw-path.ts';
import { emptyCache, type CachedFile, type StatCache } from './stat-cache.ts';

/*
 * The file is one section after another, each of which says more, or newer things, than those before. A section: a line
 * `codeframe stat cache 4 <files> <directories> <bytes of an object id> <bytes of the section>`; as 64-bit floating-point
 * numbers of this machine for each directory how many files of it there are, then for each file, directory by directory in
 * the order of the names, size, mtime and ctime in ms, inode and device; all object ids; each ended by a NUL, for each
 * directory its path and the names of its files with `/` between them, and after them all skipped directories; the sha256 of
 * all before. What comes after a section that is torn or damaged does not count: losing it costs time only, so that
 * nothing of it is ever synced.
 */
const magic = 'codeframe stat cache 4';
const headerBytes = 128;
const hashBytes = 32;
/** What a file takes: its signature, its object and its name. */
const likelyFileBytes = 75;
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

  /** About how many files it tells of, by its size. */
  likelyFiles(): number {
    try {
      return statSync(this.#path).size / likelyFileBytes;
    } catch {
      return 0;
    }
  }

  /** What the file says; an empty cache when there is none. */
  load(): StatCache {
    const directories = new Map<TreePath, KnownDirectory>();
    let skipped: readonly TreePath[] = [];
    let bytes = readWhole(this.#path);
    for (;;) {
      const section = takeSection(bytes);
      if (section === undefined) break;
      skipped = decodeInto(directories, section);
      this.#count(section.files);
      bytes = bytes.subarray(section.bytes.length);
    }
    // Nobody would find what comes after a damaged section.
    if (bytes.length > 0) this.#sections = sectionsMax;
    return { ...emptyCache(), directories, skipped };
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
    appendFileSync(this.#path, encode(byDirectory(known), cache.skipped), { mode: 0o600 });
    this.#count(known.size);
  }

  /** Whoever reads it meanwhile finds the old one, the new one, or none. */
  #replace(cache: StatCache): void {
    const partial = `${this.#path}.${process.pid}`;
    const all = byDirectory(allFiles(cache));
    try {
      writeFileSync(partial, encode(all, cache.skipped), { mode: 0o600 });
      // ext4 makes a rename over another file wait for the data to reach the disk; nothing here needs that.
      rmSync(this.#path, { force: true });
      renameSync(partial, this.#path);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
    this.#sections = 0;
    this.#addedFiles = 0;
    this.#count(countFiles(all));
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
  readonly files: number;
  readonly directories: number;
  /** Bytes of an object id. */
  readonly width: number;
  readonly bytes: Buffer;
}

/** The first section of these bytes; undefined when it is not whole. */
function takeSection(bytes: Buffer): Section | undefined {
  const line = bytes.toString('latin1', 0, headerBytes);
  const found = /^codeframe stat cache 4 (\d+) (\d+) (\d+) (\d+) *\n$/.exec(line);
  if (found === null) return undefined;
  const [files = 0, directories = 0, width = 0, length = 0] = found.slice(1).map(Number);
  if (length < headerBytes + hashBytes || bytes.length < length) return undefined;
  const section = bytes.subarray(0, length);
  const hash = createHash('sha256').update(section.subarray(0, -hashBytes)).digest();
  if (!hash.equals(section.subarray(-hashBytes))) return undefined;
  return { files, directories, width, bytes: section };
}

/** Answers the skipped directories. */
function decodeInto(known: Map<TreePath, KnownDirectory>, section: Section): readonly TreePath[] {
  const { files, directories, width, bytes } = section;
  const numbers = new Float64Array(directories + files * FileStat.numbers);
  Buffer.from(numbers.buffer).set(bytes.subarray(headerBytes, headerBytes + numbers.byteLength));
  const objectsAt = headerBytes + numbers.byteLength;
  const namesAt = objectsAt + files * width;
  const objects = bytes.toString('hex', objectsAt, namesAt);
  const texts = bytes.toString('latin1', namesAt, bytes.length - hashBytes).split('\0');
  const digits = width * 2;
  for (let i = 0, file = 0; i < directories; i++) {
    const [path = '', names = ''] = [texts[2 * i], texts[2 * i + 1]];
    const at = { numbersAt: directories + file * FileStat.numbers, objectsAt: file * digits };
    const packed = { names, numbers, objects, digits, ...at };
    known.set(path, new KnownDirectory(packed, known.get(path)));
    file += numbers[i] ?? 0;
  }
  return texts.slice(2 * directories, -1);
}

type Directories = ReadonlyMap<TreePath, ReadonlyMap<string, CachedFile>>;

function* allFiles({ directories, files }: StatCache): Generator<readonly [TreePath, CachedFile]> {
  for (const [path, directory] of directories)
    for (const [name, file] of directory.files()) yield [path === '' ? name : `${path}/${name}`, file];
  yield* files;
}

/** Of a file that comes twice the last counts. */
function byDirectory(files: Iterable<readonly [TreePath, CachedFile]>): Directories {
  const directories = new Map<TreePath, Map<string, CachedFile>>();
  for (const [path, file] of files) {
    const above = parentPath(path);
    const found = directories.get(above) ?? new Map<string, CachedFile>();
    directories.set(above, found);
    found.set(above === '' ? path : path.slice(above.length + 1), file);
  }
  return directories;
}

function countFiles(directories: Directories): number {
  let count = 0;
  for (const files of directories.values()) count += files.size;
  return count;
}

function encode(directories: Directories, skipped: readonly TreePath[]): Buffer {
  const files = countFiles(directories);
  const view = new Float64Array(directories.size + files * FileStat.numbers);
  const objects: string[] = [];
  const texts: string[] = [];
  let [count, at] = [0, directories.size];
  for (const [path, named] of directories) {
    view[count++] = named.size;
    const names = [...named.keys()].sort();
    texts.push(path, names.join('/'));
    for (const name of names) {
      const file = named.get(name);
      if (file === undefined) continue;
      file.stat.write(view, at);
      at += FileStat.numbers;
      objects.push(file.object);
    }
  }
  const width = (objects[0]?.length ?? 0) / 2;
  const names = Buffer.from([...texts, ...skipped, ''].join('\0'), 'latin1');
  const ids = Buffer.from(objects.join(''), 'hex');
  const length = headerBytes + view.byteLength + ids.length + names.length + hashBytes;
  const header = `${`${magic} ${files} ${directories.size} ${width} ${length}`.padEnd(headerBytes - 1)}\n`;
  const body = Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(view.buffer), ids, names]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}
