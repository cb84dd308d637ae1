import type { ObjectId } from '../../checkpoint/tree.ts';
import { CodeframeError } from '../../failure.ts';
import { objectId } from './git-objects.ts';
import type { ObjectReader } from './object-reader.ts';
import type { ObjectFormat, StorePlace } from './store-place.ts';

export interface StoreReading {
  readonly place: StorePlace;
  readonly reader: ObjectReader;
  readonly format: ObjectFormat;
}

export interface Wanted {
  readonly id: string;
  readonly object: ObjectId;
  /** What to call it when it is not right. */
  readonly part: string;
  readonly type?: 'blob' | 'tree' | 'commit';
}

/** An object's bytes, hashed and compared with its name. Throws `corrupt-checkpoint`. */
export async function readChecked(reading: StoreReading, wanted: Wanted): Promise<Buffer> {
  const found = await reading.reader.read(wanted.object);
  const type = wanted.type ?? 'blob';
  if (found === null)
    throw corrupt(wanted.id, wanted.part, `object ${wanted.object} is missing or unreadable`);
  if (found.type !== type)
    throw corrupt(wanted.id, wanted.part, `object ${wanted.object} is a ${found.type}`);
  if (objectId(reading.format, type, found.bytes) !== wanted.object) {
    throw corrupt(wanted.id, wanted.part, `object ${wanted.object} has other bytes than its name says`);
  }
  return found.bytes;
}

export function corrupt(id: string, part: string, problem: string): CodeframeError {
  return new CodeframeError({ code: 'corrupt-checkpoint', id, part, problem });
}
