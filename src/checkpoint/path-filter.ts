import { posix } from 'node:path';
import { CodeframeError } from '../failure.ts';
import { treePath, type TreePath } from './tree.ts';
import { ancestorsOf } from './wanted-tree.ts';

/** Tells whether a path fits a glob. Adapter: a library of globs. Paths are text, `/` between their parts. */
export type MatchGlob = (glob: string) => (path: string) => boolean;

/** The paths that a restore is limited to. */
export interface PathFilter {
  selects(path: TreePath): boolean;
  /** Those of its patterns that no path that was asked for fits. */
  unmatched(): readonly string[];
}

/** Selects everything. */
export const everyPath: PathFilter = { selects: () => true, unmatched: () => [] };

/**
 * Patterns as they are kept and compared: from the project's directory, without `./` and a last `/`. Throws
 * `invalid-argument` for what is empty or leads out of the project.
 */
export function tidyPatterns(projectDir: string, given: readonly string[]): readonly string[] {
  return [...new Set(given.map((pattern) => tidyPattern(projectDir, pattern)))];
}

function tidyPattern(projectDir: string, given: string): string {
  const problem = (text: string): CodeframeError =>
    new CodeframeError({ code: 'invalid-argument', argument: '--path', problem: text });
  if (given === '' || given.includes('\0')) throw problem('it names no path');
  const inside = posix.isAbsolute(given) ? posix.relative(projectDir, given) : posix.normalize(given);
  if (inside === '..' || inside.startsWith('../')) throw problem(`\`${given}\` is outside the project`);
  return inside.replace(/\/+$/, '') || '.';
}

/**
 * What these patterns select. A pattern is a file, a directory with all in it, or a glob from the project's directory,
 * which selects what it fits with all in it; a name that could be both is both. `.` is everything.
 */
export function selectPaths(patterns: readonly string[], matchGlob: MatchGlob): PathFilter {
  const rules = patterns.map((pattern) => ({ pattern, fits: ruleOf(pattern, matchGlob) }));
  const unmatched = new Set(patterns);
  return {
    selects(path) {
      let selected = false;
      // Every one is asked, so that it is known which of them fit nothing.
      for (const { pattern, fits } of rules) {
        if (!fits(path)) continue;
        selected = true;
        unmatched.delete(pattern);
      }
      return selected;
    },
    unmatched: () => [...unmatched],
  };
}

function ruleOf(pattern: string, matchGlob: MatchGlob): (path: TreePath) => boolean {
  if (pattern === '.') return () => true;
  const name = treePath(pattern);
  const isNamed = (path: TreePath): boolean => path === name || path.startsWith(`${name}/`);
  if (!/[*?[\]{}()!+@]/.test(pattern)) return isNamed;
  const isMatched = matchGlob(pattern);
  const matches = (path: TreePath): boolean => isMatched(Buffer.from(path, 'latin1').toString('utf8'));
  return (path) => isNamed(path) || matches(path) || [...ancestorsOf(path)].some(matches);
}
