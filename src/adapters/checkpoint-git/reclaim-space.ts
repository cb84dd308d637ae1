import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  type Dirent,
} from 'node:fs';
import { join } from 'node:path';
import type { Reclaimed } from '../../checkpoint/checkpoint-space.ts';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { gitFailure } from '../git-process.ts';
import { listRefs } from './checkpoint-ref.ts';
import { repackPrefix } from './leftovers.ts';
import { withoutWriters } from './store-turns.ts';
import { syncPath, type StorePlace } from './store-place.ts';

let count = 0;

/*
 * The order, and what a kill after each step leaves:
 *
 *  1. what the refs reach is written into one new pack, beside the store         a directory that the next one removes
 *  2. from here nobody writes; what checkpoints made meanwhile lack is added     as 1
 *  3. the new packs are moved into the store, the names synced                  everything twice
 *  4. the files that were there at 1 are deleted, each pack's index first       less of it twice; a pack without an index
 *
 * Nothing that a ref reaches is ever missing, so readers need no turn: git looks for an object again in the packs that are
 * there when the pack that it knew is gone.
 */

/** Frees what no checkpoint of the store needs; null when others write all the time. */
export async function reclaimSpace(
  place: StorePlace,
  options: { readonly waitMs: number; readonly hintPath: string },
): Promise<Reclaimed | null> {
  const bytesBefore = objectBytes(place.dir);
  const aside = join(place.dir, `${repackPrefix}${process.pid}-${++count}`);
  mkdirSync(aside, { mode: 0o700 });
  try {
    const old = objectFiles(place.dir);
    const packed = await packReachable(place, aside);
    const done = await withoutWriters(place.dir, options.waitMs, async () => {
      const refs = await addMissing(place, { aside, old, packed });
      const moved = moveIn(place.dir, aside);
      forgetHint(options.hintPath, refs);
      removeOld(place.dir, old, moved);
      return 'done';
    });
    return done === 'busy' ? null : { bytesBefore, bytesAfter: objectBytes(place.dir) };
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** The bytes of all files with objects. */
export function objectBytes(dir: string): number {
  return objectFiles(dir).reduce((sum, name) => sum + (sizeOf(join(dir, 'objects', name)) ?? 0), 0);
}

/** By path in `objects`: what git made of packs and single objects, complete or not. */
function objectFiles(dir: string): readonly string[] {
  const objects = join(dir, 'objects');
  const below = (name: string): string[] =>
    filesOf(join(objects, name)).map((file) => `${name}/${file.name}`);
  const loose = directoriesOf(objects).filter((name) => /^[0-9a-f]{2}$/.test(name));
  return [...below('pack'), ...loose.flatMap(below)];
}

function filesOf(dir: string): readonly Dirent[] {
  return entriesOf(dir).filter((entry) => entry.isFile());
}

function directoriesOf(dir: string): readonly string[] {
  return entriesOf(dir).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    // Taken away meanwhile, or a file in the place of the store, of which its checks tell.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

function sizeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.size;
}

/**
 * Smaller than git's own choice: a checkpoint is many small objects. An index of version 1 lacks a checksum of each object,
 * 4 bytes of some 60 that one takes; git inflates what it copies from such a pack instead.
 */
const packOptions = ['--delta-base-offset', '--index-version=1', '--compression=6', '--window=25'] as const;

/**
 * Whether more was written since the last reclaim than it left. What checkpoints write is compressed in haste, and git copies
 * what is not a delta as it finds it: then everything is compressed again. By this rule it costs no more than twice the
 * work of doing it once.
 */
function isMostlyNew(dir: string): boolean {
  const packs = join(dir, 'objects/pack');
  const names = packNames(filesOf(packs).map(({ name }) => name));
  const bytes = (found: readonly string[]): number =>
    found.reduce((sum, name) => sum + (sizeOf(join(packs, `${name}.pack`)) ?? 0), 0);
  const isOfReclaim = (name: string): boolean => !hasNewIndex(join(packs, `${name}.idx`));
  return bytes(names) > 2 * bytes(names.filter(isOfReclaim));
}

/** Whether it is no index of version 1, as only a reclaim writes it. */
function hasNewIndex(path: string): boolean {
  try {
    return readFileSync(path).subarray(0, 4).equals(Buffer.from('\xfftOc', 'latin1'));
  } catch (error) {
    // Another reclaim was faster.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

interface Packed {
  readonly refs: ReadonlyMap<string, ObjectId>;
  readonly objects: ReadonlySet<ObjectId>;
}

async function packReachable(place: StorePlace, aside: string): Promise<Packed> {
  const refs = await listRefs(place);
  const anew = isMostlyNew(place.dir) ? ['--no-reuse-object'] : [];
  const args = ['pack-objects', '--quiet', '--revs', ...packOptions, ...anew, join(aside, 'pack')];
  if (refs.size > 0) await runOrFail(place, args, lines(refs.values()));
  return { refs, objects: await objectsIn(place, aside, packNames(readdirSync(aside))) };
}

/** Packs what checkpoints that were made since need of the files that go; answers the commits of all. */
async function addMissing(
  place: StorePlace,
  packing: { readonly aside: string; readonly old: readonly string[]; readonly packed: Packed },
): Promise<ReadonlySet<ObjectId>> {
  const { aside, old, packed } = packing;
  const refs = await listRefs(place);
  const commits = new Set(refs.values());
  const known = new Set(packed.refs.values());
  const added = [...commits].filter((commit) => !known.has(commit));
  if (added.length === 0) return commits;
  const reached = await runOrFail(
    place,
    ['rev-list', '--objects', '--no-object-names', '--stdin'],
    lines(added),
  );
  const going = new Set(old);
  const staying = packNames(filesOf(join(place.dir, 'objects/pack')).map(({ name }) => name)).filter(
    (name) => !going.has(`pack/${name}.pack`),
  );
  const kept = await objectsIn(place, join(place.dir, 'objects/pack'), staying);
  const missing = reached.split('\n').filter((id) => id !== '' && !packed.objects.has(id) && !kept.has(id));
  const args = ['pack-objects', '--quiet', ...packOptions, join(aside, 'pack')];
  if (missing.length > 0) await runOrFail(place, args, lines(missing));
  return commits;
}

/** The objects that the indexes of these packs name. */
async function objectsIn(
  place: StorePlace,
  dir: string,
  packs: readonly string[],
): Promise<ReadonlySet<ObjectId>> {
  const objects = new Set<ObjectId>();
  for (const name of packs) {
    const listed = await runOrFail(place, ['show-index'], readFileSync(join(dir, `${name}.idx`)));
    for (const line of listed.split('\n')) {
      const id = line.split(' ')[1];
      if (id !== undefined) objects.add(id);
    }
  }
  return objects;
}

/** The packs that have an index, without the endings of their files. */
function packNames(files: readonly string[]): readonly string[] {
  return files.flatMap((name) => (name.endsWith('.idx') ? [name.slice(0, -'.idx'.length)] : []));
}

/** A pack is there for git once its index is: that comes last. */
function moveIn(dir: string, aside: string): ReadonlySet<string> {
  const to = join(dir, 'objects/pack');
  const names = readdirSync(aside).toSorted(
    (a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')),
  );
  for (const name of names) syncPath(join(aside, name));
  for (const name of names) renameSync(join(aside, name), join(to, name));
  syncPath(to);
  return new Set(names.map((name) => `pack/${name}`));
}

/** The next checkpoint must not start from one that is gone. */
function forgetHint(path: string, commits: ReadonlySet<ObjectId>): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  const [commit = ''] = readFileSync(path, 'latin1').split(/[ \n]/);
  if (!commits.has(commit)) rmSync(path, { force: true });
}

/** What was there before, but for a pack that has come out the same again. Indexes first: a pack without one is no pack. */
function removeOld(dir: string, old: readonly string[], moved: ReadonlySet<string>): void {
  const going = old.filter((name) => !moved.has(name));
  for (const name of going.toSorted((a, b) => Number(b.endsWith('.idx')) - Number(a.endsWith('.idx'))))
    rmSync(join(dir, 'objects', name), { force: true });
  syncPath(join(dir, 'objects/pack'));
}

/** What git says. Throws `corrupt-store` when it lacks an object: nothing has been deleted then. */
async function runOrFail(
  place: StorePlace,
  args: readonly string[],
  input: string | Uint8Array,
): Promise<string> {
  const output = await place.run(args, input);
  if (output.code === 0) return output.stdout.toString('latin1');
  const lost = /(?:bad object|unable to (?:read|find|parse)|missing|not found|bad tree)[^\n]*/i.exec(
    output.stderr,
  )?.[0];
  if (lost !== undefined) throw place.corrupt(lost);
  throw gitFailure(output, args[0] ?? '', place.dir);
}

function lines(items: Iterable<string>): string {
  return Array.from(items, (item) => `${item}\n`).join('');
}
