import { CodeframeError } from '../failure.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { groupHashes, sha256 } from './manifest.ts';
import { showPath, type ObjectId } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';

/** A checkpoint whose parts are read once, however often they are asked for. */
export function rememberParts(stored: StoredCheckpoint): StoredCheckpoint {
  const parts = new Map<string, Promise<Uint8Array>>();
  return {
    id: stored.id,
    commit: stored.commit,
    manifest: stored.manifest,
    code: () => stored.code(),
    partPaths: (prefix) => stored.partPaths(prefix),
    part(path) {
      const known = parts.get(path) ?? stored.part(path);
      parts.set(path, known);
      return known;
    },
    objects: (ids) => stored.objects(ids),
  };
}

/**
 * Hashes all parts that start so and compares them with the manifest: what is missing, added or altered is told apart
 * from what was captured. Throws `corrupt-checkpoint` with the first that is not right.
 */
export async function verifyParts(stored: StoredCheckpoint, prefixes: readonly string[]): Promise<void> {
  const paths = (await Promise.all(prefixes.map((prefix) => stored.partPaths(prefix)))).flat();
  const parts = await Promise.all(
    paths.map(async (path) => ({ path, sha256: sha256(await stored.part(path)) })),
  );
  const found = groupHashes(parts);
  const isAsked = (group: string): boolean => prefixes.some((prefix) => `${group}/`.startsWith(prefix));
  const groups = new Set([...Object.keys(stored.manifest.sha256).filter(isAsked), ...Object.keys(found)]);
  for (const part of groups) {
    if (stored.manifest.sha256[part] === found[part]) continue;
    const problem = 'it is not what the manifest has the hash of';
    throw new CodeframeError({ code: 'corrupt-checkpoint', id: stored.id, part, problem });
  }
}

/** Reads and hashes every file that the operations bring back. Throws `corrupt-checkpoint` with the file named. */
export async function verifyContents(
  stored: StoredCheckpoint,
  operations: readonly TreeOperation[],
): Promise<void> {
  const paths = new Map<ObjectId, string>();
  for (const operation of operations) {
    if (operation.kind === 'put-file') paths.set(operation.object, operation.path);
  }
  try {
    for await (const { object } of stored.objects([...paths.keys()])) paths.delete(object);
  } catch (error) {
    if (!(error instanceof CodeframeError) || error.failure.code !== 'corrupt-checkpoint') throw error;
    const path = paths.get(/^object ([0-9a-f]+)$/.exec(error.failure.part)?.[1] ?? '');
    if (path === undefined) throw error;
    throw new CodeframeError({ ...error.failure, part: `code/${showPath(path)}` }, { cause: error });
  }
}
