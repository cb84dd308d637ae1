import type { TreePath } from '../../checkpoint/tree.ts';
import type { UserGit } from '../../checkpoint/user-git.ts';
import { gitFailure } from '../git-process.ts';
import { captureGit, headCommit } from './capture-git.ts';
import { findRepository } from './find-repository.ts';
import { ignoredInNested, ignoredPaths } from './ignored-paths.ts';
import { runInRepository } from './repository-git.ts';
import { trackedInNested, trackedPaths } from './tracked-paths.ts';

/** The user's repository around the project's directory, found anew at every call: it may come and go. */
export function openUserGit(place: { readonly root: string }): UserGit {
  const { root } = place;
  return {
    async capture() {
      const repository = findRepository(root);
      return repository === null ? null : captureGit(repository);
    },
    async keep(checkpointId) {
      const repository = findRepository(root);
      if (repository === null) return;
      const output = await runInRepository(repository, ['update-ref', keptRef(checkpointId), 'HEAD']);
      if (output.code === 0 || (await headCommit(repository)) === null) return;
      throw gitFailure(output, 'update-ref', repository.commonDir);
    },
    async release(checkpointId) {
      const repository = findRepository(root);
      if (repository === null) return;
      const output = await runInRepository(repository, ['update-ref', '-d', keptRef(checkpointId)]);
      if (output.code !== 0) throw gitFailure(output, 'update-ref', repository.commonDir);
    },
    async ignored(nested?: readonly TreePath[]) {
      if (nested === undefined) return ignoredPaths(root);
      return (await Promise.all(nested.map((path) => ignoredInNested(root, path)))).flat();
    },
    async tracked(nested?: readonly TreePath[]) {
      if (nested === undefined) return trackedPaths(root);
      return (await Promise.all(nested.map((path) => trackedInNested(root, path)))).flat();
    },
  };
}

function keptRef(checkpointId: string): string {
  return `refs/codeframe/${checkpointId}`;
}
