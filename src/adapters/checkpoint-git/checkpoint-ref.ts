import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { CodeframeError } from '../../failure.ts';
import { gitFailure } from '../git-process.ts';
import { createRefFile } from '../git-ref-file.ts';
import { syncPath, type StorePlace } from './store-place.ts';

const prefix = 'refs/checkpoints/';

export function checkpointRef(id: string): string {
  return prefix + id;
}

/** Whether it can be the id of a checkpoint at all, and so the last name of a ref. */
export function isCheckpointId(id: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(id);
}

/**
 * The commit point: the ref is created when there is none of its name. All objects are on the disk before, with the
 * names of their files; the ref is when this returns. Written as a file: a git of its own would take longer than all the
 * rest. Throws `already-exists`.
 */
export function createRef(place: StorePlace, id: string, commit: ObjectId): void {
  const isThere = (): boolean => readRef(place, id) !== undefined;
  if (!createRefFile(join(place.dir, checkpointRef(id)), commit, isThere)) throw alreadyExists(id);
  syncPath(join(place.dir, prefix));
}

function alreadyExists(id: string): CodeframeError {
  return new CodeframeError({ code: 'already-exists', kind: 'checkpoint', id });
}

/** The commit that a checkpoint's ref names, by the files of the store; undefined when there is no such ref. */
export function readRef(place: StorePlace, id: string): ObjectId | undefined {
  const loose = readText(join(place.dir, checkpointRef(id)));
  // A ref without a commit is there all the same: what damaged it is not for the next checkpoint to hide.
  if (loose !== undefined) return loose.trimEnd();
  const packed = readText(join(place.dir, 'packed-refs'));
  const end = packed?.indexOf(` ${checkpointRef(id)}\n`) ?? -1;
  return packed === undefined || end < 0 ? undefined : packed.slice(packed.lastIndexOf('\n', end) + 1, end);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The ids and commits of all checkpoints, by id. */
export async function listRefs(place: StorePlace): Promise<ReadonlyMap<string, ObjectId>> {
  const output = await place.run(['for-each-ref', '--format=%(objectname) %(refname)', prefix]);
  if (output.code !== 0) throw place.corrupt(output.stderr.trim());
  const lines = output.stdout.toString('utf8').split('\n').slice(0, -1);
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(space + 1 + prefix.length), line.slice(0, space)];
    }),
  );
}

/** Takes these refs away, those that are there, and brings that to the disk. */
export async function deleteRefs(place: StorePlace, ids: readonly string[]): Promise<void> {
  const there = await listRefs(place);
  const going = ids.filter((id) => there.has(id));
  if (going.length === 0) return;
  const commands = going.map((id) => `delete ${checkpointRef(id)}\n`);
  const output = await place.run(['update-ref', '--stdin'], commands.join(''));
  if (output.code !== 0) throw gitFailure(output, 'update-ref', place.dir);
  syncPath(join(place.dir, prefix));
}
