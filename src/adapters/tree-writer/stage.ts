import { constants, lchownSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { ObjectId } from '../../checkpoint/tree.ts';
import type { Contents, Counted, TreeOperation, WriteJob } from '../../checkpoint/tree-writer.ts';
import { ownNames } from './journal.ts';
import { withDirectoryAsync, nameOf, withDirectory } from './safe-directory.ts';
import { asFailure, type Site } from './site.ts';
import { look } from './what-is-there.ts';
import { parentOf } from '../../checkpoint/wanted-tree.ts';

/** Writes every new file and link beside its target, synced, with its owner and mode. */
export async function stage(
  site: Site,
  job: WriteJob & { readonly onProgress: Counted | undefined },
  contents: Contents,
): Promise<void> {
  for (const [index, operation] of job.operations.entries()) {
    if (operation.kind === 'put-link') stageLink(site, operation, ownNames(job.restoreId, index).fresh);
  }
  const writing = new Writing();
  try {
    await stageFiles(site, { ...job, contents, writing });
  } finally {
    // Also when the bytes stop coming: what is still being written would not be found by who cleans up.
    await writing.end();
  }
  if (writing.failures.length > 0) throw writing.failures[0];
}

async function stageFiles(
  site: Site,
  staging: Parameters<typeof stage>[1] & { readonly contents: Contents; readonly writing: Writing },
): Promise<void> {
  const { restoreId, operations, writing, onProgress } = staging;
  const files = filesByObject(operations);
  const total = operations.filter(({ kind }) => kind === 'put-file').length;
  let done = 0;
  for await (const { object, bytes } of staging.contents([...files.keys()])) {
    for (const file of files.get(object) ?? []) {
      if (writing.failures.length > 0) return;
      await writing.add(stageFile(site, { ...file, restoreId, bytes }));
      onProgress?.(++done, total);
    }
    files.delete(object);
  }
  if (files.size > 0) throw new Error(`the checkpoint gave no bytes of ${files.size} objects`);
}

/** Files that are being written. Most of the time goes into waiting for the disk; more at once only takes memory. */
class Writing {
  readonly failures: unknown[] = [];
  readonly #open = new Set<Promise<void>>();

  /** Waits while there are too many. */
  async add(file: Promise<void>): Promise<void> {
    const written = file
      .catch((error: unknown) => void this.failures.push(error))
      .finally(() => this.#open.delete(written));
    this.#open.add(written);
    if (this.#open.size >= 8) await Promise.race(this.#open);
  }

  async end(): Promise<void> {
    await Promise.all(this.#open);
  }
}

interface StagedFile {
  readonly operation: Extract<TreeOperation, { kind: 'put-file' }>;
  readonly index: number;
}

function filesByObject(operations: readonly TreeOperation[]): Map<ObjectId, StagedFile[]> {
  const files = new Map<ObjectId, StagedFile[]>();
  for (const [index, operation] of operations.entries()) {
    if (operation.kind !== 'put-file') continue;
    const same = files.get(operation.object);
    if (same) same.push({ operation, index });
    else files.set(operation.object, [{ operation, index }]);
  }
  return files;
}

function stageLink(site: Site, operation: Extract<TreeOperation, { kind: 'put-link' }>, fresh: string): void {
  site.onStep('stage-link');
  const owner = ownerFor(site, operation);
  try {
    withDirectory(site.root, operation.home, (home) => {
      symlinkSync(Buffer.from(operation.target, 'latin1'), home.at(fresh));
      if (owner !== null) lchownSync(home.at(fresh), owner.uid, owner.gid);
    });
  } catch (error) {
    throw asFailure(error, operation.path, 'write it');
  }
}

async function stageFile(
  site: Site,
  file: StagedFile & { readonly restoreId: string; readonly bytes: Uint8Array },
): Promise<void> {
  const { operation, index, restoreId, bytes } = file;
  site.onStep('stage');
  try {
    await withDirectoryAsync(site.root, operation.home, async (home) => {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const handle = await open(home.at(ownNames(restoreId, index).fresh), flags, 0o600);
      try {
        await handle.writeFile(bytes);
        const owner = ownerFor(site, operation);
        if (owner !== null) await handle.chown(owner.uid, owner.gid);
        // After the owner, whose change takes the set-user-id bit away.
        await handle.chmod(operation.mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  } catch (error) {
    throw asFailure(error, operation.path, 'write it');
  }
}

/**
 * Whom a new file or directory is to belong to when root restores somebody's project: the owner of what it replaces,
 * else of the nearest directory. Null for everyone else: their files are their own.
 */
export function ownerFor(
  site: Site,
  operation: TreeOperation & { readonly home?: string },
): { readonly uid: number; readonly gid: number } | null {
  if (process.geteuid?.() !== 0) return null;
  const replaces =
    'before' in operation && typeof operation.before === 'object' && operation.before.kind !== 'absent';
  const parent = operation.home === undefined || replaces ? parentOf(operation.path) : operation.home;
  const stats = withDirectory(site.root, parent, (directory) =>
    replaces ? look(directory.at(nameOf(operation.path))) : look(directory.self),
  );
  return stats === undefined ? null : { uid: Number(stats.uid), gid: Number(stats.gid) };
}
