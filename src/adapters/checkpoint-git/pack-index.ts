import { createHash } from 'node:crypto';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { ObjectFormat } from './store-place.ts';

/** Where an object is in a pack. */
export interface PackedObject {
  readonly object: ObjectId;
  /** Bytes from the start of the pack. */
  readonly at: number;
  /** Of its bytes as packed. */
  readonly crc: number;
}

/**
 * The bytes of a pack's `.idx`, version 2 (git's `gitformat-pack`): how many ids start with at most each byte, the ids in
 * order, their checksums, their places (those beyond 2 GB in a table of 64-bit numbers), the pack's hash, its own hash.
 */
export function encodePackIndex(
  format: ObjectFormat,
  objects: readonly PackedObject[],
  packHash: Buffer,
): Buffer {
  const sorted = objects.toSorted((a, b) => (a.object < b.object ? -1 : 1));
  const far: bigint[] = [];
  const checksums = Buffer.alloc(sorted.length * 4);
  const places = Buffer.alloc(sorted.length * 4);
  for (const [i, { at, crc }] of sorted.entries()) {
    checksums.writeUInt32BE(crc, i * 4);
    places.writeUInt32BE(at < 0x8000_0000 ? at : 0x8000_0000 + far.length, i * 4);
    if (at >= 0x8000_0000) far.push(BigInt(at));
  }
  const farPlaces = Buffer.alloc(far.length * 8);
  for (const [i, at] of far.entries()) farPlaces.writeBigUInt64BE(at, i * 8);
  const ids = Buffer.from(sorted.map(({ object }) => object).join(''), 'hex');
  const magic = Buffer.from('\xfftOc\0\0\0\x02', 'latin1');
  const body = Buffer.concat([magic, fanOut(sorted), ids, checksums, places, farPlaces, packHash]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}

function fanOut(sorted: readonly PackedObject[]): Buffer {
  const table = Buffer.alloc(256 * 4);
  let count = 0;
  for (let first = 0; first < 256; first++) {
    const prefix = first.toString(16).padStart(2, '0');
    while (sorted[count]?.object.startsWith(prefix) === true) count += 1;
    table.writeUInt32BE(count, first * 4);
  }
  return table;
}
