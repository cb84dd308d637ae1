import picomatch from 'picomatch';
import { treePath, type TreePath } from '../../checkpoint/tree.ts';
import { parentPath } from './raw-path.ts';

/**
 * Ignored paths that are wanted all the same. Paths are files, or directories with all that is in them. Patterns are paths
 * as people write them (`dist/`, `.env.example`) or globs: one with a `/` is of the whole path (`build/**\/*.map`), one
 * without fits a name, in every directory that is not itself ignored (`*.local`). Nothing is looked for in ignored directories that
 * no path and no start of a glob leads to: of `node_modules` nobody means each file.
 */
export class IncludedPaths {
  readonly #paths: ReadonlySet<TreePath>;
  readonly #above = new Set<TreePath>();
  /** Below these something may fit a glob. */
  readonly #globbed = new Set<TreePath>();
  readonly #globs: readonly ((path: TreePath) => boolean)[];

  /** All that was asked for, to tell whether others are the same. */
  readonly asked: readonly string[];

  constructor(paths: readonly TreePath[], patterns: readonly string[] = []) {
    this.asked = [...paths, '', ...patterns];
    const cleaned = patterns.map((pattern) => pattern.replace(/^\.\//, '').replace(/\/+$/, ''));
    const globs = cleaned.filter((pattern) => picomatch.scan(pattern).isGlob);
    const exact = cleaned.filter((pattern) => !globs.includes(pattern)).map(treePath);
    this.#paths = new Set([...paths, ...exact]);
    this.#globs = globs.map(matcher);
    for (const glob of globs.filter((pattern) => pattern.includes('/'))) {
      const base = treePath(picomatch.scan(glob).base);
      this.#globbed.add(base);
      this.#addAbove(`${base}/`);
    }
    for (const path of this.#paths) this.#addAbove(path);
  }

  covers(path: TreePath): boolean {
    if (this.#paths.size > 0 && isBelow(path, this.#paths)) return true;
    if (this.#globs.length === 0) return false;
    for (let above = path; above !== ''; above = parentPath(above)) {
      if (this.#globs.some((fits) => fits(above))) return true;
    }
    return false;
  }

  /** Whether it or something below it is, or may be, included. */
  reaches(path: TreePath): boolean {
    return this.#above.has(path) || isBelow(path, this.#globbed) || this.covers(path);
  }

  #addAbove(path: TreePath): void {
    for (let above = parentPath(path); above !== ''; above = parentPath(above)) this.#above.add(above);
  }
}

/** Whether a path or a directory above it is one of these. */
export function isBelow(path: TreePath, set: ReadonlySet<TreePath>): boolean {
  if (set.size === 0) return false;
  for (let above = path; above !== ''; above = parentPath(above)) if (set.has(above)) return true;
  return false;
}

function matcher(glob: string): (path: TreePath) => boolean {
  const fits = picomatch(glob, { dot: true, basename: !glob.includes('/') });
  return (path) => fits(Buffer.from(path, 'latin1').toString('utf8'));
}
