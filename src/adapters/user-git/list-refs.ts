import { existsSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { gitFailure } from '../git-process.ts';
import type { UserRepository } from './find-repository.ts';
import { runInRepository } from './repository-git.ts';

export interface Ref {
  readonly name: string;
  readonly object: string;
  readonly symref: string | null;
}

/** All refs but codeframe's own, which every checkpoint adds to, by name. */
export async function listRefs(repository: UserRepository): Promise<readonly Ref[]> {
  const refs = existsSync(join(repository.commonDir, 'reftable'))
    ? await askRefs(repository)
    : readRefs(repository);
  return refs.filter((ref) => !ref.name.startsWith(own));
}

const own = 'refs/codeframe/';
/** Kept for each linked worktree by itself. */
const perWorktree = ['refs/bisect', 'refs/worktree', 'refs/rewritten'];

async function askRefs(repository: UserRepository): Promise<readonly Ref[]> {
  const format = '--format=%(objectname) %(refname)%00%(symref)';
  const output = await runInRepository(repository, ['for-each-ref', format]);
  if (output.code !== 0) throw gitFailure(output, 'for-each-ref', repository.gitDir);
  const lines = output.stdout.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [named = '', symref = ''] = line.split('\0');
    const space = named.indexOf(' ');
    const [object, name] = [named.slice(0, space), named.slice(space + 1)];
    return { name, object, symref: symref === '' ? null : symref };
  });
}

/** From the files, which spares the start of a git in each capture. What `for-each-ref` leaves out as broken is left out. */
function readRefs({ gitDir, commonDir }: UserRepository): readonly Ref[] {
  const values = packedRefs(commonDir);
  const isLinked = gitDir !== commonDir;
  for (const [name, value] of looseRefs(commonDir, 'refs')) values.set(name, value);
  if (isLinked) {
    for (const name of values.keys()) if (isPerWorktree(name)) values.delete(name);
    for (const directory of perWorktree)
      for (const [name, value] of looseRefs(gitDir, directory)) values.set(name, value);
  }
  const names = [...values.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return names.flatMap((name) => {
    const target = symbolicTarget(values.get(name) ?? '');
    const object = resolve(values, name);
    return object === null ? [] : [{ name, object, symref: target }];
  });
}

function isPerWorktree(name: string): boolean {
  return perWorktree.some((directory) => name.startsWith(`${directory}/`));
}

function packedRefs(commonDir: string): Map<string, string> {
  const text = readText(join(commonDir, 'packed-refs')) ?? '';
  const refs = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, object, name] = /^([0-9a-f]{40,64}) (refs\/.+)$/.exec(line) ?? [];
    if (object !== undefined && name !== undefined) refs.set(name, object);
  }
  return refs;
}

function* looseRefs(dir: string, below: string): Generator<readonly [string, string]> {
  for (const entry of entriesOf(join(dir, below))) {
    const name = `${below}/${entry.name}`;
    if (`${name}/` === own || name.endsWith('.lock')) continue;
    if (entry.isDirectory()) yield* looseRefs(dir, name);
    else {
      const value = readText(join(dir, name));
      if (value !== undefined) yield [name, value.trim()];
    }
  }
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** git replaces these files by rename: each is there whole, or not at all. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

function symbolicTarget(value: string): string | null {
  return /^ref: *(.+)$/.exec(value)?.[1] ?? null;
}

/** Null for what leads nowhere. */
function resolve(values: ReadonlyMap<string, string>, name: string): string | null {
  let value = values.get(name);
  for (let depth = 0; value !== undefined && depth < 5; depth++) {
    const target = symbolicTarget(value);
    if (target === null) return /^[0-9a-f]{40,64}$/.test(value) ? value : null;
    value = values.get(target);
  }
  return null;
}
