import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, deflate, deflateSync } from 'node:zlib';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { objectId, type ObjectType } from './git-objects.ts';
import { encodePackIndex, type PackedObject } from './pack-index.ts';
import type { ObjectFormat } from './store-place.ts';

const deflateAside = promisify(deflate);

/** Smaller objects are packed at once: handing them to another thread costs more. */
const asideBytes = 256 * 1024;
/** What is held back before it is written: most checkpoints are one write. */
const heldBytesMax = 4 * 1024 * 1024;
const typeCodes: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };

/**
 * Writes one pack with whole objects (no deltas: those are a repack's work) and its index, as git's `pack-format`
 * describes them. In this process, because starting git and telling it about 1,000 files takes longer than writing them.
 */
export class PackWriter {
  readonly #dir: string;
  readonly #format: ObjectFormat;
  readonly #file: number;
  readonly #objects = new Map<ObjectId, PackedObject>();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #writtenBytes = 0;
  #isOpen = true;

  /** Into a directory that is there and nobody else's. */
  constructor(dir: string, format: ObjectFormat) {
    this.#dir = dir;
    this.#format = format;
    this.#file = openSync(join(dir, 'pack'), 'wx+', 0o444);
    this.#hold(header(0));
  }

  has(object: ObjectId): boolean {
    return this.#objects.has(object);
  }

  /** Takes an object of which the id is known; one that it has already it leaves out. */
  async add(type: ObjectType, object: ObjectId, bytes: Uint8Array): Promise<void> {
    if (this.#objects.has(object)) return;
    const packed = bytes.length < asideBytes ? deflateSmall(bytes) : await deflateAside(bytes, { level: 1 });
    // Another may have brought it meanwhile.
    if (this.#objects.has(object)) return;
    const head = entryHead(typeCodes[type], bytes.length);
    const at = this.#writtenBytes + this.#heldBytes;
    this.#objects.set(object, { object, at, crc: crc32(packed, crc32(head)) });
    this.#hold(head);
    this.#hold(packed);
  }

  /** The same, of which the id is not known yet. */
  async addNew(type: ObjectType, bytes: Uint8Array): Promise<ObjectId> {
    const object = objectId(this.#format, type, bytes);
    await this.add(type, object, bytes);
    return object;
  }

  /** Completes and syncs pack and index under the names that git looks for. */
  finish(): void {
    const hash = this.#complete();
    const name = join(this.#dir, `pack-${hash.toString('hex')}`);
    renameSync(join(this.#dir, 'pack'), `${name}.pack`);
    const index = openSync(`${name}.idx`, 'wx', 0o444);
    try {
      writeAll(index, encodePackIndex(this.#format, [...this.#objects.values()], hash));
      fsyncSync(index);
    } finally {
      closeSync(index);
    }
  }

  /** Lets go of the file. Nothing when it was finished. */
  abort(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  /** The pack's own hash: over all bytes, and so over the count, which is known last. */
  #complete(): Buffer {
    const start = header(this.#objects.size);
    const hash = createHash(this.#format);
    if (this.#writtenBytes === 0) {
      this.#held[0] = start;
      for (const bytes of this.#held) hash.update(bytes);
    } else {
      this.#flush();
      writeSync(this.#file, start, 0, start.length, 0);
      hashFile(this.#file, this.#writtenBytes, (bytes) => hash.update(bytes));
    }
    const digest = hash.digest();
    this.#hold(digest);
    this.#flush();
    fsyncSync(this.#file);
    this.abort();
    return digest;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= heldBytesMax) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#held);
    writeAll(this.#file, bytes, this.#writtenBytes);
    this.#writtenBytes += bytes.length;
    this.#held = [];
    this.#heldBytes = 0;
  }
}

/**
 * zlib sets up memory for the window, which takes longer than a small object: a smaller window then. What it answers
 * stays in the buffer that it was written to, which would be 16 KB for the smallest object.
 */
function deflateSmall(bytes: Uint8Array): Buffer {
  const chunkSize = bytes.length + 128;
  return bytes.length < 4096
    ? deflateSync(bytes, { level: 1, chunkSize, windowBits: 12, memLevel: 5 })
    : deflateSync(bytes, { level: 1, chunkSize });
}

function header(count: number): Buffer {
  const bytes = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  bytes.writeUInt32BE(count, 8);
  return bytes;
}

/** Type and size: 4 bits of the size in the first byte, 7 in each further one, the lowest first. */
function entryHead(type: number, size: number): Uint8Array {
  const bytes = [];
  let byte = (type << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 128);
    byte = rest & 127;
  }
  return Uint8Array.from([...bytes, byte]);
}

function writeAll(file: number, bytes: Uint8Array, at = 0): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, at + done);
  }
}

function hashFile(file: number, sizeBytes: number, update: (bytes: Uint8Array) => void): void {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; at < sizeBytes;) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, sizeBytes - at), at);
    if (count === 0) throw new Error('a pack is shorter than what was written to it');
    update(buffer.subarray(0, count));
    at += count;
  }
}
