import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import { gitFailure } from '../git-process.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** Larger ones are not kept: the index names them, and git has them as long as it does. */
const bytesMax = 50 * 1024 * 1024;

/**
 * The files in the index, with those of its conflicts, that HEAD does not have: once something else is staged only this
 * keeps them. None with a damaged index.
 */
export class StagedBlobs {
  #last: { readonly key: string; readonly parts: readonly PartDraft[] } | undefined;

  async read(repository: UserRepository, head: string | null): Promise<readonly PartDraft[]> {
    const key = `${head} ${signatureOf(join(repository.gitDir, 'index'))}`;
    // An index that was written in the moment of the last look is looked at again.
    if (this.#last?.key === key && !isYoung(repository)) return this.#last.parts;
    const objects = await stagedObjects(repository, head);
    const parts = objects.length === 0 ? [] : await readBlobs(repository, objects);
    this.#last = { key, parts };
    return parts;
  }
}

function signatureOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

function isYoung(repository: UserRepository): boolean {
  const stats = statSync(join(repository.gitDir, 'index'), { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.ctimeMs < 2_000;
}

async function stagedObjects(repository: UserRepository, head: string | null): Promise<readonly string[]> {
  if (head === null) return listed(repository, ['ls-files', '--stage', '-z']);
  const args = [
    'diff-index',
    '--cached',
    '--raw',
    '-z',
    '--no-abbrev',
    '--no-renames',
    '--ignore-submodules',
    head,
  ];
  const output = await runInRepository(repository, args);
  if (output.code !== 0) return [];
  const text = output.stdout.toString('latin1');
  const found = [...text.matchAll(/:\d+ (?:100\d\d\d|120000) [0-9a-f]+ ([0-9a-f]+) [A-Z]\0/g)].map(
    ([, id = '']) => id,
  );
  const conflicts = / U\0/.test(text) ? await listed(repository, ['ls-files', '--unmerged', '-z']) : [];
  return [...new Set([...found.filter((id) => !/^0+$/.test(id)), ...conflicts])];
}

async function listed(repository: UserRepository, args: readonly string[]): Promise<readonly string[]> {
  const output = await runInRepository(repository, args);
  const text = output.code === 0 ? output.stdout.toString('latin1') : '';
  return [
    ...new Set([...text.matchAll(/(?:^|\0)(?:100\d\d\d|120000) ([0-9a-f]+) \d\t/g)].map(([, id = '']) => id)),
  ];
}

async function readBlobs(
  repository: UserRepository,
  objects: readonly string[],
): Promise<readonly PartDraft[]> {
  const sizes = await batch(repository, '--batch-check=%(objectname) %(objecttype) %(objectsize)', objects);
  const wanted = sizes
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [, object, size] = /^([0-9a-f]+) blob (\d+)$/.exec(line) ?? [];
      return object !== undefined && Number(size) <= bytesMax ? [{ object, size: Number(size) }] : [];
    });
  const bytes = await batch(
    repository,
    '--batch=',
    wanted.map(({ object }) => object),
  );
  const parts: PartDraft[] = [];
  // Each is an empty line, its bytes, and a line feed.
  let at = 0;
  for (const { object, size } of wanted) {
    parts.push({ path: `staged/blobs/${object}`, bytes: bytes.subarray(at + 1, at + 1 + size) });
    at += size + 2;
  }
  return parts;
}

async function batch(repository: UserRepository, mode: string, objects: readonly string[]): Promise<Buffer> {
  if (objects.length === 0) return Buffer.of();
  const output = await runInRepository(repository, ['cat-file', mode], { input: `${objects.join('\n')}\n` });
  if (output.code !== 0) throw gitFailure(output, 'cat-file', repository.gitDir);
  return output.stdout;
}
