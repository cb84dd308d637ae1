import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CapturedGit } from '../../checkpoint/user-git.ts';
import { gitFailure } from '../git-process.ts';
import { createRefFile } from '../git-ref-file.ts';
import { namedCommits } from './git-state.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** Makes the refs of a checkpoint. Those that are there stay: a checkpoint's id is used once. */
export async function keepCommits(
  repository: UserRepository,
  checkpointId: string,
  captured: CapturedGit,
): Promise<void> {
  const { head } = captured;
  const others = operationCommits(captured).filter((commit) => commit !== head);
  const wanted = [
    ...(head === null ? [] : [{ name: checkpointRef(checkpointId), commit: head }]),
    ...others.map((commit, i) => ({ name: `${checkpointRef(checkpointId)}-${i + 1}`, commit })),
  ];
  if (existsSync(join(repository.commonDir, 'reftable'))) return updateRefs(repository, wanted);
  for (const { name, commit } of wanted) {
    // Nobody packs or deletes it at this moment: it is of a checkpoint that has no row yet.
    createRefFile(join(repository.commonDir, name), commit, () => false);
  }
}

export function checkpointRef(checkpointId: string): string {
  return `refs/codeframe/${checkpointId}`;
}

/** The commits that an operation in progress cannot go on without. */
function operationCommits({ operation, parts }: CapturedGit): readonly string[] {
  if (operation === null) return [];
  const files = new Map(parts.map(({ path, bytes }) => [path.replace(/^git\//, ''), Buffer.from(bytes)]));
  return namedCommits({ files });
}

async function updateRefs(
  repository: UserRepository,
  refs: readonly { readonly name: string; readonly commit: string }[],
): Promise<void> {
  const input = refs.map(({ name, commit }) => `update ${name} ${commit}\n`).join('');
  const output = await runInRepository(repository, ['update-ref', '--stdin'], { input });
  if (output.code !== 0) throw gitFailure(output, 'update-ref', repository.commonDir);
}
