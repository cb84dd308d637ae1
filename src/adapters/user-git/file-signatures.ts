import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { UserRepository } from './find-repository.ts';

/** A file that was written less than so long ago may be written again without another signature, in ms. */
const youngMs = 2_000;

/**
 * What stands for the bytes of all these files together: the same text, the same bytes. Undefined while one of them is so
 * young that nobody can say, and for one that cannot be looked at.
 */
export function filesSignature(paths: readonly string[]): string | undefined {
  try {
    return signatureOf(paths);
  } catch {
    return undefined;
  }
}

function signatureOf(paths: readonly string[]): string | undefined {
  const now = Date.now();
  const parts: string[] = [];
  for (const path of paths) {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats !== undefined && Number(stats.ctimeMs) > now - youngMs) return undefined;
    parts.push(stats === undefined ? '-' : `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`);
  }
  return parts.join('\n');
}

function indexSignature(repository: UserRepository): string | undefined {
  return filesSignature([join(repository.gitDir, 'index')]);
}

/** What was made of the index of a repository, the very same for as long as its file is: the file is 10 MB for 100,000 files. */
export class MadeOfIndex<Made> {
  #last: { readonly key: string; readonly made: Made } | undefined;

  /** `besides`: what else it is made of. */
  async get(repository: UserRepository, besides: string, make: () => Made | Promise<Made>): Promise<Made> {
    const signature = indexSignature(repository);
    const key = signature === undefined ? undefined : `${repository.gitDir}\n${besides}\n${signature}`;
    if (key !== undefined && this.#last?.key === key) return this.#last.made;
    const made = await make();
    this.#last = key === undefined ? undefined : { key, made };
    return made;
  }
}
