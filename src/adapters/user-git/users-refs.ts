import { isAbsolute, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { findRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/**
 * What git takes for the remote that a user names: the URL of a remote of the repository around `root`, else the path of
 * a directory (from `cwd`), else the name as it is, when it looks like an address. Null for a name that is nothing.
 */
export async function remoteUrl(
  name: string,
  place: { readonly root: string; readonly cwd: string },
): Promise<string | null> {
  const repository = findRepository(place.root);
  if (repository !== null && /^[\w][\w./-]*$/.test(name)) {
    const output = await runInRepository(repository, ['remote', 'get-url', name]);
    const url = output.stdout.toString('utf8').trim();
    if (output.code === 0 && url !== '') return isAddress(url) ? url : resolve(repository.workTree, url);
  }
  if (name.startsWith('-') || name === '') return null;
  if (isAddress(name)) return name;
  const path = isAbsolute(name) ? name : resolve(place.cwd, name);
  return existsSync(path) || /[/\\]/.test(name) ? path : null;
}

/** The checkpoints of which the repository around `root` has a ref that keeps commits alive; none without a repository. */
export async function keptIds(root: string): Promise<readonly string[]> {
  const repository = findRepository(root);
  if (repository === null) return [];
  const output = await runInRepository(repository, [
    'for-each-ref',
    '--format=%(refname)',
    'refs/codeframe/',
  ]);
  const names = output.stdout.toString('utf8').split('\n');
  return names.flatMap((name) => /^refs\/codeframe\/(c[0-9a-z]{12})$/.exec(name)?.[1] ?? []);
}

/** `scheme://…` or `host:path`, which a path with a colon before its first slash is for git, too. */
function isAddress(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name) || /^[^/\\]+:/.test(name);
}
