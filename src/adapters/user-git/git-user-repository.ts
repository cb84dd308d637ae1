import type { PartDraft } from '../../checkpoint/checkpoint-store.ts';
import type { TreePath } from '../../checkpoint/tree.ts';
import type { UserGit } from '../../checkpoint/user-git.ts';
import { gitFailure } from '../git-process.ts';
import { captureGit } from './capture-git.ts';
import { MadeOfIndex } from './file-signatures.ts';
import { findRepository } from './find-repository.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { ignoredInNested, ignoredPaths } from './ignored-paths.ts';
import { keepCommits, checkpointRef } from './keep-commits.ts';
import { listKeptRefs, removeKeptRefs } from './kept-refs.ts';
import { runInRepository } from './repository-git.ts';
import { StagedBlobs } from './staged-blobs.ts';
import { trackedInNested, TrackedPaths } from './tracked-paths.ts';

/** The user's repository around the project's directory, found anew at every call: it may come and go. */
export function openUserGit(place: { readonly root: string }): UserGit {
  const { root } = place;
  const staged = new StagedBlobs();
  const index = new MadeOfIndex<readonly PartDraft[]>();
  const tracked = new TrackedPaths(root);
  const rules = new IgnoreRules(root);
  return {
    async capture() {
      const repository = findRepository(root);
      if (repository === null) return null;
      const captured = await captureGit(repository, index);
      const { parts, unkept } = await staged.read(repository, captured.head);
      return { ...captured, staged: parts, unkept };
    },
    async keep(checkpointId, captured) {
      const repository = findRepository(root);
      if (repository !== null) await keepCommits(repository, checkpointId, captured);
    },
    async release(checkpointId) {
      const repository = findRepository(root);
      if (repository === null) return;
      const name = checkpointRef(checkpointId);
      const listing = ['for-each-ref', '--format=delete %(refname)', name, `${name}-*`];
      const listed = await runInRepository(repository, listing);
      const input = listed.stdout.toString('utf8');
      if (input === '') return;
      const output = await runInRepository(repository, ['update-ref', '--stdin'], { input });
      if (output.code !== 0) throw gitFailure(output, 'update-ref', repository.commonDir);
    },
    async keptRefs() {
      const repository = findRepository(root);
      return repository === null ? [] : listKeptRefs(repository);
    },
    async releaseKept(refs) {
      const repository = findRepository(root);
      if (repository !== null) await removeKeptRefs(repository, refs);
    },
    async ignored(nested?: readonly TreePath[]) {
      if (nested !== undefined)
        return (await Promise.all(nested.map((path) => ignoredInNested(root, path)))).flat();
      const repository = findRepository(root);
      if (repository === null) return [];
      const [paths] = await Promise.all([ignoredPaths(repository, root), rules.learn(repository)]);
      return paths;
    },
    ignoredBy() {
      const repository = findRepository(root);
      return repository === null ? 'no repository' : rules.signature(repository);
    },
    async tracked(nested?: readonly TreePath[]) {
      if (nested === undefined) return tracked.list();
      return (await Promise.all(nested.map((path) => trackedInNested(root, path)))).flat();
    },
  };
}
