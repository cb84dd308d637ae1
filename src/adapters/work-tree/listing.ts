import type { ModeBits, TreePath } from '../../checkpoint/tree.ts';
import { FileStat, kindOf, modeBits } from './file-stat.ts';
import { fileProblem, type FileProblem } from './file-problem.ts';
import { knownNames, type KnownNames, type NamesRule } from './known-names.ts';
import { numbersPerDirectory, numbersPerName, type Look, type LookProblem } from './look-at-directories.ts';
import { lookAtBatches, type Batch } from './look-threads.ts';
import { racyMs, type CachedFile, type KnownFiles } from './stat-cache.ts';

/** What is in a directory, or why nobody can say. */
export type Directory = SeenDirectory | { readonly problem: FileProblem };

/** A directory as it was seen; when all is as it was the next time, it is the very same object then. */
export interface SeenDirectory {
  readonly children: readonly Child[];
  /** The directories among them that are not git's. */
  readonly directories: readonly TreePath[];
  readonly names: string;
  readonly stats: Float64Array;
  /** Whether it has a `.git` of its own. */
  readonly isNested: boolean;
  /** How many files in it have more names than one, by which they can be written. */
  readonly hardLinks: number;
  /** When its `.gitignore` was changed last, in ms since 1970; 0 without one. */
  readonly rulesAt: number;
  /** Its names, when they may be believed for as long as the directory is what it was when they were read. */
  known: KnownNames | undefined;
}

export type Child =
  | {
      readonly path: TreePath;
      readonly kind: 'file';
      readonly mode: ModeBits;
      readonly stat: FileStat;
      /** What the cache has of these very bytes; it may come to know them later. */
      cached: CachedFile | undefined;
    }
  | { readonly path: TreePath; readonly kind: 'directory'; readonly mode: ModeBits }
  | { readonly path: TreePath; readonly kind: 'link'; readonly ctimeMs: number }
  | { readonly path: TreePath; readonly kind: 'special' | 'unreadable' };

export interface ListingRules {
  readonly root: string;
  /** What the cache has of the files of a directory. */
  readonly cached: (directory: TreePath) => KnownFiles;
  /** Which names may be believed at the next listing; undefined: none. */
  readonly namesRule: NamesRule | undefined;
  /** The directories of the last listing. What they say is compared, never believed, but for their names. */
  readonly before: ReadonlyMap<TreePath, SeenDirectory>;
  /** Tells the names that are not the project's; see `restoreNamePrefix`. */
  readonly isOwn: (name: string) => boolean;
  /** Called when it turns out that git may ignore other paths than at the last listing; more than once, perhaps. */
  readonly changedNames: () => void;
}

/** About so many names in one batch of directories: some milliseconds of work. */
const batchNames = 1_000;
/** How many names a directory is taken to have that nobody has seen. */
const unseenNames = 20;

/**
 * The directories of a tree, each read once. The walk comes before it is known what is ignored, so that git can find
 * that out meanwhile.
 */
export class Listing {
  readonly #rules: ListingRules;
  readonly #directories = new Map<TreePath, Directory>();
  /** Directories below the root that have a `.git` of their own: those that a walk has come to. */
  readonly nested = new Set<TreePath>();
  /** Whether a file of a directory that was looked at may have got another name since the last listing. */
  hasNewLinks = false;

  constructor(rules: ListingRules) {
    this.#rules = rules;
  }

  /** One that was read. */
  directory(path: TreePath): Directory {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw new Error('a directory was not read');
    return directory;
  }

  /** Takes these as they were seen the last time, without a look. */
  believe(paths: ReadonlySet<TreePath>): void {
    for (const [path, directory] of this.#rules.before)
      if (paths.has(path)) this.#directories.set(path, directory);
  }

  /**
   * Reads directories of which it is likely that they are there, all at once. Nobody goes into one but from the directory
   * above, where it stands as one: behind a link nothing of this is used.
   */
  readLikely(paths: Iterable<TreePath>): Promise<void> {
    return this.#readAll([...paths], true);
  }

  /** Reads the whole tree, without those directories that `skips` tells. What was read before is not read again. */
  async readTree(skips: (path: TreePath) => boolean): Promise<void> {
    for (let from: readonly TreePath[] = ['']; from.length > 0;) {
      const unread = from.flatMap((path) => this.#unreadFrom(path, skips));
      await this.#readAll(unread, false);
      from = unread;
    }
  }

  #unreadFrom(start: TreePath, skips: (path: TreePath) => boolean): readonly TreePath[] {
    const unread: TreePath[] = [];
    const left = [start];
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const directory = this.#directories.get(path);
      if (directory === undefined) unread.push(path);
      if (directory === undefined || !('children' in directory)) continue;
      // Here, and not where it was read: that may have been through a link.
      if (directory.isNested && path !== '') this.nested.add(path);
      for (const below of directory.directories) if (!skips(below)) left.push(below);
    }
    return unread;
  }

  #readAll(paths: readonly TreePath[], isLikely: boolean): Promise<void> {
    return lookAtBatches(this.#rules.root, this.#batches(paths), (batch, look) =>
      this.#take(batch, look, isLikely),
    );
  }

  #batches(paths: readonly TreePath[]): readonly Batch[] {
    const batches: MadeBatch[] = [];
    for (const path of paths) {
      const before = this.#rules.before.get(path);
      const names = 1 + (before === undefined ? unseenNames : before.stats.length / numbersPerName);
      let last = batches.at(-1);
      if (last === undefined || last.names + names > batchNames) {
        last = { directories: [], known: [], names: 0 };
        batches.push(last);
      }
      last.directories.push(path);
      last.known.push(before?.known);
      last.names += names;
    }
    return batches;
  }

  #take({ directories, known: asked }: Batch, look: Look, isLikely: boolean): void {
    let at = 0;
    directories.forEach((path, i) => {
      const names = look.names[i] ?? asked[i]?.names ?? '';
      const stats = look.stats.subarray(at, (at += countOf(names) * numbersPerName));
      const problems = look.problems.length === 0 ? [] : look.problems.filter((one) => one.directory === i);
      // It may not be there any more: whoever comes to it by the directory above looks again.
      if (isLikely && problems.length > 0) return;
      const hardLinks = look.linked.length === 0 ? 0 : look.linked.filter((one) => one === i).length;
      const isAsAsked = look.names[i] === undefined;
      const known = isAsAsked ? asked[i] : this.#knownNames(names, look, i);
      const directory = this.#directoryOf(path, { names, stats, problems, hardLinks, known });
      const before = this.#rules.before.get(path);
      if (hasNewLinks(before, directory)) this.hasNewLinks = true;
      if (!isNamedAsBefore(before, directory)) this.#rules.changedNames();
      this.#directories.set(path, directory);
    });
  }

  #knownNames(names: string, { numbers }: Look, i: number): KnownNames | undefined {
    const { namesRule } = this.#rules;
    return namesRule && knownNames(names, { numbers, at: i * numbersPerDirectory }, namesRule);
  }

  #directoryOf(path: TreePath, found: Found): Directory {
    const problem = found.problems.find(({ name }) => name === undefined);
    if (problem !== undefined) return { problem: fileProblem(errorOf(problem), { path, doing: 'list' }) };
    const before = this.#rules.before.get(path);
    if (before !== undefined && isAsBefore(before, found)) {
      before.known = found.known;
      return before;
    }
    const { names } = found;
    // A part of the batch would keep all of it in memory.
    const stats = before === undefined ? found.stats : found.stats.slice();
    const all = names === '' ? [] : names.split('/');
    const kept = { ...found, stats };
    const cached = this.#rules.cached(path);
    const children: Child[] = [];
    const directories: TreePath[] = [];
    for (let i = 0; i < all.length; i++) {
      const child = this.#childOf(path, { name: all[i] ?? '', i, found: kept, cached });
      if (child === undefined) continue;
      children.push(child);
      if (child.kind === 'directory' && !isGitName(child.path)) directories.push(child.path);
    }
    return {
      names,
      stats,
      children,
      directories,
      isNested: all.includes('.git'),
      hardLinks: found.hardLinks,
      known: found.known,
      rulesAt: changedAt(stats, all.indexOf('.gitignore')),
    };
  }

  #childOf(above: TreePath, { name, i, found, cached }: Named): Child | undefined {
    if (this.#rules.isOwn(name)) return undefined;
    const path = above === '' ? name : `${above}/${name}`;
    const { problems } = found;
    const problem = problems.length === 0 ? undefined : problems.find((one) => one.name === i);
    if (problem !== undefined) {
      const isGone = fileProblem(errorOf(problem), { path, doing: 'look at' }) === 'gone';
      return isGone ? undefined : { path, kind: 'unreadable' };
    }
    const at = i * numbersPerName;
    const mode = found.stats[at] ?? 0;
    const kind = kindOf(mode);
    if (kind === 'directory') return { path, kind, mode: modeBits(mode) };
    if (kind === 'link') return { path, kind, ctimeMs: found.stats[at + 3] ?? 0 };
    if (kind !== 'file') return { path, kind };
    const stat = new FileStat(found.stats, at + 1);
    return { path, kind, mode: modeBits(mode), stat, cached: cached({ path, name }, stat) };
  }
}

interface MadeBatch extends Batch {
  readonly directories: TreePath[];
  readonly known: (KnownNames | undefined)[];
  names: number;
}

interface Found {
  readonly names: string;
  readonly known: KnownNames | undefined;
  readonly stats: Float64Array;
  readonly problems: readonly LookProblem[];
  readonly hardLinks: number;
}

interface Named {
  readonly name: string;
  /** Its place among the names of the directory. */
  readonly i: number;
  readonly found: Found;
  readonly cached: KnownFiles;
}

function countOf(names: string): number {
  if (names === '') return 0;
  let count = 1;
  for (let at = names.indexOf('/'); at !== -1; at = names.indexOf('/', at + 1)) count += 1;
  return count;
}

function isAsBefore(before: SeenDirectory, { names, stats, problems, hardLinks }: Found): boolean {
  if (problems.length > 0 || before.names !== names || before.hardLinks !== hardLinks) return false;
  for (let i = 0; i < stats.length; i++) if (before.stats[i] !== stats[i]) return false;
  return true;
}

function changedAt(stats: Float64Array, place: number): number {
  const at = place * numbersPerName;
  return place === -1 ? 0 : Math.max(stats[at + 2] ?? 0, stats[at + 3] ?? 0);
}

function hasNewLinks(before: SeenDirectory | undefined, now: Directory): boolean {
  if (before === undefined || before === now || !('children' in now) || now.hardLinks === 0) return false;
  return now.hardLinks > before.hardLinks || now.names !== before.names;
}

/** Whether git, asked what is ignored there, has to answer the same: the names, each of its kind, and the rules. */
function isNamedAsBefore(before: SeenDirectory | undefined, now: Directory): boolean {
  if (before === undefined || !('children' in now) || before.names !== now.names) return false;
  // Rules may be written again in the tick of their last write.
  if (now.rulesAt > 0 && now.rulesAt > Date.now() - racyMs) return false;
  if (before === now) return true;
  const rules = now.names.split('/').indexOf('.gitignore') * numbersPerName;
  for (let at = 0; at < now.stats.length; at++) {
    const isMode = at % numbersPerName === 0;
    if (isMode && kindOf(before.stats[at] ?? 0) !== kindOf(now.stats[at] ?? 0)) return false;
    if (at >= rules && at < rules + numbersPerName && rules >= 0 && before.stats[at] !== now.stats[at])
      return false;
  }
  return true;
}

function errorOf({ code, message }: LookProblem): Error {
  return Object.assign(new Error(message), code === '' ? {} : { code });
}

export function isGitName(path: TreePath): boolean {
  return path === '.git' || path.endsWith('/.git');
}
