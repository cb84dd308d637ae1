import { CodeframeError } from '../failure.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { isLedgerPart, ledgerPrefixes } from './ledger-log.ts';
import { groupHashes, sha256 } from './manifest.ts';
import { showPath, type ObjectId } from './tree.ts';
import type { TreeOperation } from './tree-writer.ts';

/** A checkpoint whose parts that a restore makes something of are read once, however often they are asked for. */
export function rememberParts(stored: StoredCheckpoint): StoredCheckpoint {
  const parts = new Map<string, Promise<Uint8Array>>();
  return {
    id: stored.id,
    commit: stored.commit,
    manifest: stored.manifest,
    code: () => stored.code(),
    codeAt: (paths) => stored.codeAt(paths),
    partPaths: (prefix) => stored.partPaths(prefix),
    part(path) {
      const known = parts.get(path) ?? stored.part(path);
      if (!isLedgerPart(path) && !path.startsWith('staged/')) parts.set(path, known);
      return known;
    },
    objects: (ids) => stored.objects(ids),
  };
}

/** What parts start with; `code/` and the modes of its directories are compared as one list when they are read. */
const partPrefixes = ['context/', 'git/', ...ledgerPrefixes, 'staged/', 'state/', 'worktrees/'] as const;

/**
 * Hashes all parts, used or not, and compares them with the manifest: what is missing, added or altered is told apart
 * from what was captured. Before anything is made of any of them. Throws `corrupt-checkpoint` with the first that is not
 * right.
 */
export async function verifyParts(stored: StoredCheckpoint): Promise<void> {
  const paths = (await Promise.all(partPrefixes.map((prefix) => stored.partPaths(prefix)))).flat();
  const parts: { readonly path: string; readonly sha256: string }[] = [];
  // Some at a time: together they can be more than fits into memory.
  for (let at = 0; at < paths.length; at += windowParts) {
    const window = paths.slice(at, at + windowParts);
    parts.push(
      ...(await Promise.all(window.map(async (path) => ({ path, sha256: sha256(await stored.part(path)) })))),
    );
  }
  const found = groupHashes(parts);
  const isPart = (group: string): boolean => partPrefixes.some((prefix) => group.startsWith(prefix));
  const groups = new Set([...Object.keys(stored.manifest.sha256).filter(isPart), ...Object.keys(found)]);
  for (const part of groups) {
    if (stored.manifest.sha256[part] === found[part]) continue;
    const problem = 'it is not what the manifest has the hash of';
    throw new CodeframeError({ code: 'corrupt-checkpoint', id: stored.id, part, problem });
  }
}

const windowParts = 64;

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
