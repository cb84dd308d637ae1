import type { ObjectId } from '../../checkpoint/tree.ts';
import { gitFailure } from '../git-process.ts';
import type { StorePlace } from './store-place.ts';

/** Those of these objects that the store has not. */
export async function missingObjects(
  place: StorePlace,
  objects: readonly ObjectId[],
): Promise<readonly ObjectId[]> {
  if (objects.length === 0) return [];
  const output = await place.run(['cat-file', '--batch-check'], `${objects.join('\n')}\n`);
  if (output.code !== 0) throw gitFailure(output, 'cat-file', place.dir);
  const lines = output.stdout.toString('latin1').split('\n').slice(0, -1);
  return objects.filter((_, i) => lines[i]?.endsWith(' missing') !== false);
}

/** The sizes in bytes of those of these objects that the store has. */
export async function objectSizes(
  place: StorePlace,
  objects: readonly ObjectId[],
): Promise<ReadonlyMap<ObjectId, number>> {
  if (objects.length === 0) return new Map();
  const output = await place.run(['cat-file', '--batch-check'], `${objects.join('\n')}\n`);
  if (output.code !== 0) throw gitFailure(output, 'cat-file', place.dir);
  const lines = output.stdout.toString('latin1').split('\n').slice(0, -1);
  return new Map(
    lines.flatMap((line) => {
      const [object = '', , size] = line.split(' ');
      return size === undefined ? [] : [[object, Number(size)] as const];
    }),
  );
}
