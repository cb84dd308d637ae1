import type { KeptRef } from '../../checkpoint/user-git.ts';
import { gitFailure } from '../git-process.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** The refs under which restores keep commits, and whether anything else leads to each. */
export async function listKeptRefs(repository: UserRepository): Promise<readonly KeptRef[]> {
  const listing = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/codeframe/kept/'];
  const output = await runInRepository(repository, listing);
  if (output.code !== 0) throw gitFailure(output, 'for-each-ref', repository.commonDir);
  const kept: KeptRef[] = [];
  for (const line of output.stdout.toString('utf8').split('\n')) {
    const [, object, name, restoreId] = /^([0-9a-f]+) (refs\/codeframe\/kept\/([^/]+)\/.+)$/.exec(line) ?? [];
    if (object === undefined || name === undefined || restoreId === undefined) continue;
    kept.push({ name, restoreId, object, isElsewhere: await isElsewhere(repository, object) });
  }
  return kept;
}

/** Removes them, each only while it leads where it did. */
export async function removeKeptRefs(repository: UserRepository, refs: readonly KeptRef[]): Promise<void> {
  if (refs.length === 0) return;
  const input = refs.map(({ name, object }) => `delete ${name} ${object}\n`).join('');
  const output = await runInRepository(repository, ['update-ref', '--stdin'], { input });
  if (output.code !== 0) throw gitFailure(output, 'update-ref', repository.commonDir);
}

/** Where that cannot be told, as commits are missing, it is taken not to be. */
async function isElsewhere(repository: UserRepository, object: string): Promise<boolean> {
  const others = ['--not', '--exclude=refs/codeframe/*', '--all'];
  const output = await runInRepository(repository, ['rev-list', '--max-count=1', object, ...others, '--']);
  return output.code === 0 && output.stdout.length === 0;
}
