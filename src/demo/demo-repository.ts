import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A repository in `dir`: a clone of the checkout that the program runs from, or, where it is installed, its files. */
export async function cloneOwnRepository(packageDir: string, dir: string): Promise<string> {
  const isCheckout = await stat(path.join(packageDir, '.git')).then(
    () => true,
    () => false,
  );
  if (isCheckout) {
    await run('git', ['clone', '--quiet', '--no-hardlinks', packageDir, dir]);
  } else {
    await mkdir(dir, { recursive: true });
    for (const name of await readdir(packageDir)) {
      if (name !== 'node_modules')
        await cp(path.join(packageDir, name), path.join(dir, name), { recursive: true });
    }
    await git(dir, ['init', '--quiet']);
    await git(dir, ['add', '-A']);
    await git(dir, ['commit', '--quiet', '-m', 'demo']);
  }
  // What a checkout that is older than its demo does not have, and what its user has not committed.
  await cp(path.join(packageDir, 'demo'), path.join(dir, 'demo'), { recursive: true });
  await appendFile(path.join(dir, 'README.md'), '\nAn edit that nobody has committed.\n');
  await writeFile(path.join(dir, 'untracked idea.txt'), 'A file that git does not know.\n');
  return isCheckout ? "codeframe's own repository" : "codeframe's own files";
}

/** What people have lost work to. Answers what was done, a line each. */
export async function wreck(dir: string): Promise<readonly string[]> {
  await git(dir, ['reset', '--quiet', '--hard']);
  await git(dir, ['clean', '--quiet', '-f', '-d', '-x']);
  await rm(path.join(dir, 'src'), { recursive: true, force: true });
  await writeFile(path.join(dir, 'package.json'), 'not what it was\n');
  return ['git reset --hard', 'git clean -fdx', 'rm -rf src', 'package.json overwritten'];
}

function git(dir: string, args: readonly string[]): Promise<unknown> {
  const identity = ['-c', 'user.name=codeframe', '-c', 'user.email=codeframe@localhost'];
  return run('git', ['-C', dir, ...identity, ...args]);
}
