import { join } from 'node:path';
import type { TreePath } from '../../checkpoint/tree.ts';
import { MadeOfIndex } from './file-signatures.ts';
import { findRepository, repositoryAt, type UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** The paths below `root` that the index of the repository around it has; none with a damaged index. */
export class TrackedPaths {
  readonly #root: string;
  readonly #made = new MadeOfIndex<readonly TreePath[]>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The very same list for as long as the index is the same. */
  async list(): Promise<readonly TreePath[]> {
    const repository = findRepository(this.#root);
    if (repository === null) return [];
    return this.#made.get(repository, '', () => listTracked(repository, this.#root));
  }
}

/** The same of the repository at `root/nested`, as paths below `root`. */
export async function trackedInNested(root: string, nested: TreePath): Promise<readonly TreePath[]> {
  const name = Buffer.from(nested, 'latin1').toString('utf8');
  const repository = repositoryAt(join(root, name));
  if (repository === null) return [];
  return (await listTracked(repository, repository.workTree)).map((path) => `${nested}/${path}`);
}

async function listTracked(repository: UserRepository, cwd: string): Promise<readonly TreePath[]> {
  const output = await runInRepository(repository, ['ls-files', '-z', '--cached'], { cwd });
  return output.code === 0 ? output.stdout.toString('latin1').split('\0').slice(0, -1) : [];
}
