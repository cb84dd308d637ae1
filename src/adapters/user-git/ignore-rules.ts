import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { filesSignature } from './file-signatures.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

/** Knows what git's answer, what is ignored below a directory, hangs on besides what lies there. */
export class IgnoreRules {
  readonly #root: string;
  /** The repository, and the files that git says have a part in it; undefined where that cannot be said of all of them. */
  #learned: { readonly gitDir: string; readonly files: readonly string[] | undefined } | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Asks git for its configuration: the files of it, those that they include, and where the user's own rules are. */
  async learn(repository: UserRepository): Promise<void> {
    const args = ['config', '--list', '--includes', '--show-origin', '-z'];
    const output = await runInRepository(repository, args, { cwd: this.#root });
    const places = [repository.workTree, this.#root];
    const files = output.code === 0 ? filesOf(output.stdout.toString('utf8'), places) : undefined;
    this.#learned = { gitDir: repository.gitDir, files };
  }

  /** The same text, the same answer. Undefined before git was asked, and while one of the files is too young to tell. */
  signature(repository: UserRepository): string | undefined {
    const { gitDir, commonDir, workTree } = repository;
    if (this.#learned?.gitDir !== gitDir || this.#learned.files === undefined) return undefined;
    const own = ['index', 'HEAD', 'config.worktree'].map((name) => join(gitDir, name));
    const above: string[] = [];
    for (let at = this.#root; at !== workTree && at !== dirname(at); at = dirname(at))
      above.push(join(dirname(at), '.gitignore'));
    const common = ['info/exclude', 'config'].map((name) => join(commonDir, name));
    const paths = [...new Set([...own, ...common, ...usersFiles(), ...above, ...this.#learned.files])];
    const signature = filesSignature(paths);
    return signature === undefined ? undefined : [gitDir, ...paths, signature].join('\n');
  }
}

/** Where git looks for a user's configuration and rules, whether they are there or not. */
function usersFiles(): readonly string[] {
  const user = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return [
    join(user, 'git/ignore'),
    join(user, 'git/config'),
    join(homedir(), '.gitconfig'),
    '/etc/gitconfig',
  ];
}

/** Of `git config`'s list: an origin, a key and its value each. Undefined with a path that only git can make out. */
function filesOf(listed: string, places: readonly string[]): readonly string[] | undefined {
  if (listed.includes('\uFFFD')) return undefined;
  const files = new Set<string>();
  const fields = listed.split('\0');
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const origin = fields[i]?.startsWith('file:') === true ? fields[i]?.slice('file:'.length) : undefined;
    const [key = '', ...lines] = (fields[i + 1] ?? '').split('\n');
    const from = origin === undefined ? places : places.map((place) => resolve(place, origin));
    if (origin !== undefined) for (const file of from) files.add(file);
    const isIncluded = /^include(?:if\..*)?\.path$/s.test(key);
    if (!isIncluded && key !== 'core.excludesfile') continue;
    const path = lines.join('\n').replace(/^~\//, () => `${homedir()}/`);
    if (/^[~%]/.test(path)) return undefined;
    for (const file of from) files.add(resolve(isIncluded ? dirname(file) : '/', path));
    if (!isIncluded) for (const place of places) files.add(resolve(place, path));
  }
  return [...files];
}
