import type { CheckpointSize } from '../../checkpoint/checkpoint-space.ts';
import type { ObjectId } from '../../checkpoint/tree.ts';
import { gitFailure } from '../git-process.ts';
import { parseTree, treeOfCommit } from './git-objects.ts';
import { readChecked, type StoreReading } from './read-checked.ts';
import type { StorePlace } from './store-place.ts';

/** What each checkpoint takes. Every tree is read once, however many of them have it. */
export async function measureSizes(
  reading: StoreReading,
  checkpoints: readonly { readonly id: string; readonly commit: ObjectId }[],
): Promise<readonly CheckpointSize[]> {
  const walk = new SizeWalk(reading, await diskSizes(reading.place));
  for (const checkpoint of checkpoints) await walk.add(checkpoint);
  return walk.sizes();
}

/** Of each object in the store: its bytes as they lie there. */
async function diskSizes(place: StorePlace): Promise<ReadonlyMap<ObjectId, number>> {
  const args = [
    'cat-file',
    '--batch-all-objects',
    '--unordered',
    '--batch-check=%(objectname) %(objectsize:disk)',
  ];
  const output = await place.run(args);
  if (output.code !== 0) throw gitFailure(output, 'cat-file', place.dir);
  const sizes = new Map<ObjectId, number>();
  for (const line of output.stdout.toString('latin1').split('\n')) {
    const [object, size] = line.split(' ');
    if (object !== undefined && size !== undefined) sizes.set(object, Number(size));
  }
  return sizes;
}

interface Tally {
  readonly id: string;
  addedBytes: number;
  uniqueBytes: number;
}

class SizeWalk {
  readonly #reading: StoreReading;
  readonly #sizes: ReadonlyMap<ObjectId, number>;
  /** Whose an object is: the only one that has it, or `shared`. */
  readonly #owners = new Map<ObjectId, Tally | 'shared'>();
  readonly #children = new Map<ObjectId, readonly ObjectId[]>();
  readonly #tallies: Tally[] = [];

  constructor(reading: StoreReading, sizes: ReadonlyMap<ObjectId, number>) {
    this.#reading = reading;
    this.#sizes = sizes;
  }

  async add({ id, commit }: { readonly id: string; readonly commit: ObjectId }): Promise<void> {
    const tally = { id, addedBytes: 0, uniqueBytes: 0 };
    this.#tallies.push(tally);
    this.#take(tally, commit);
    const read = await readChecked(this.#reading, { id, object: commit, part: 'commit', type: 'commit' });
    const tree = treeOfCommit(read);
    for (let trees = tree === undefined ? [] : [tree]; trees.length > 0;) {
      trees = (await Promise.all(trees.map((object) => this.#enter(tally, object)))).flat();
    }
  }

  sizes(): readonly CheckpointSize[] {
    return this.#tallies;
  }

  /** Takes a tree and the blobs in it; answers the trees below that are not taken yet. */
  async #enter(tally: Tally, tree: ObjectId): Promise<ObjectId[]> {
    const owner = this.#owners.get(tree);
    if (owner === tally || owner === 'shared') return [];
    if (owner !== undefined) {
      this.#share(tree);
      return [];
    }
    this.#take(tally, tree);
    const bytes = await readChecked(this.#reading, { id: tally.id, object: tree, part: '/', type: 'tree' });
    const items = parseTree(this.#reading.format, '', bytes) ?? [];
    this.#children.set(
      tree,
      items.map(({ object }) => object),
    );
    const below: ObjectId[] = [];
    for (const { mode, object } of items) {
      if (mode === '40000') below.push(object);
      else this.#takeBlob(tally, object);
    }
    return [...new Set(below)];
  }

  #takeBlob(tally: Tally, object: ObjectId): void {
    const owner = this.#owners.get(object);
    if (owner === undefined) this.#take(tally, object);
    else if (owner !== tally && owner !== 'shared') this.#share(object);
  }

  #take(tally: Tally, object: ObjectId): void {
    const size = this.#sizes.get(object) ?? 0;
    this.#owners.set(object, tally);
    tally.addedBytes += size;
    tally.uniqueBytes += size;
  }

  /** It is another's too, and with it all that is below. */
  #share(object: ObjectId): void {
    const open = [object];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const before = this.#owners.get(next);
      if (before === 'shared' || before === undefined) continue;
      this.#owners.set(next, 'shared');
      before.uniqueBytes -= this.#sizes.get(next) ?? 0;
      open.push(...(this.#children.get(next) ?? []));
    }
  }
}
