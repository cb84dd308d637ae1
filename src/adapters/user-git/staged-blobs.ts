import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import { showPath, type TreePath } from '../../checkpoint/tree.ts';
import type { CapturedGit } from '../../checkpoint/user-git.ts';
import { gitFailure } from '../git-process.ts';
import { MadeOfIndex } from './file-signatures.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** Larger ones are not kept: the index names them, and git has them as long as it does. */
const fileBytesMax = 50 * 1024 * 1024;
/** Of all together, the largest left out: they are in memory until they are written. */
const bytesMax = 256 * 1024 * 1024;

interface Staged {
  readonly parts: readonly PartDraft[];
  readonly unkept: NonNullable<CapturedGit['unkept']>;
}

/**
 * The files in the index, with those of its conflicts, that HEAD does not have: once something else is staged only this
 * keeps them. None with a damaged index.
 */
export class StagedBlobs {
  readonly #made = new MadeOfIndex<Staged>();

  read(repository: UserRepository, head: string | null): Promise<Staged> {
    return this.#made.get(repository, head ?? '', async () => {
      const objects = await stagedObjects(repository, head);
      return objects.size === 0 ? { parts: [], unkept: [] } : readStaged(repository, objects);
    });
  }
}

/** A path of each object. */
type Objects = ReadonlyMap<string, TreePath>;

async function stagedObjects(repository: UserRepository, head: string | null): Promise<Objects> {
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
  if (output.code !== 0) return new Map();
  const text = output.stdout.toString('latin1');
  const lines = text.matchAll(/:\d+ (?:100\d\d\d|120000) [0-9a-f]+ ([0-9a-f]+) [A-Z]\0([^\0]*)\0/g);
  const found = [...lines].map(([, id = '', path = '']) => [id, path] as const);
  const conflicts = / U\0/.test(text) ? await listed(repository, ['ls-files', '--unmerged', '-z']) : [];
  return new Map([...found.filter(([id]) => !/^0+$/.test(id)), ...conflicts]);
}

async function listed(repository: UserRepository, args: readonly string[]): Promise<Objects> {
  const output = await runInRepository(repository, args);
  const text = output.code === 0 ? output.stdout.toString('latin1') : '';
  const lines = text.matchAll(/(?:^|\0)(?:100\d\d\d|120000) ([0-9a-f]+) \d\t([^\0]*)/g);
  return new Map([...lines].map(([, id = '', path = '']) => [id, path]));
}

interface Blob {
  readonly object: string;
  readonly size: number;
}

async function readStaged(repository: UserRepository, objects: Objects): Promise<Staged> {
  const blobs = await readSizes(repository, [...objects.keys()]);
  const wanted = new Set(fitting(blobs));
  const left = blobs.filter((blob) => !wanted.has(blob));
  return {
    parts: await readBlobs(repository, [...wanted]),
    unkept: left.map(({ object, size }) => ({ path: showPath(objects.get(object) ?? object), size })),
  };
}

async function readSizes(repository: UserRepository, objects: readonly string[]): Promise<readonly Blob[]> {
  const output = await batch(repository, '--batch-check=%(objectname) %(objecttype) %(objectsize)', objects);
  const lines = output.toString('latin1').matchAll(/^([0-9a-f]+) blob (\d+)$/gm);
  return [...lines].map(([, object = '', size]) => ({ object, size: Number(size) }));
}

/** The smallest first, for as long as there is room. */
function fitting(blobs: readonly Blob[]): readonly Blob[] {
  let bytes = 0;
  return blobs
    .toSorted((a, b) => a.size - b.size)
    .filter(({ size }) => {
      bytes += size;
      return size <= fileBytesMax && bytes <= bytesMax;
    });
}

async function readBlobs(repository: UserRepository, wanted: readonly Blob[]): Promise<readonly PartDraft[]> {
  const objects = wanted.map(({ object }) => object);
  const bytes = await batch(repository, '--batch=', objects);
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
