import { createHash } from 'node:crypto';
import type { ObjectId } from './tree.ts';

/** git's id of a file's bytes, by the hash that `like`, an id of the same store, was made with. */
export function blobId(bytes: Uint8Array, like: ObjectId): ObjectId {
  const hash = createHash(like.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
