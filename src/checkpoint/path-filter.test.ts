import { describe, expect, it } from 'vitest';
import { matchGlob } from '../adapters/globs-picomatch/match-glob.ts';
import { isFailure } from '../failure.ts';
import { selectPaths, tidyPatterns } from './path-filter.ts';
import { treePath } from './tree.ts';

const paths = ['a.ts', 'src', 'src/a.ts', 'src/deep/b.ts', 'src/deep/c.md', 'srcs', 'dünn/ä', '[x]', 'x'];

function selected(...patterns: readonly string[]): readonly string[] {
  const filter = selectPaths(patterns, matchGlob);
  return paths.filter((path) => filter.selects(treePath(path)));
}

describe('the paths that a restore is limited to', () => {
  it('are files, directories with all in them, and globs', () => {
    expect(selected('src/a.ts')).toEqual(['src/a.ts']);
    expect(selected('src')).toEqual(['src', 'src/a.ts', 'src/deep/b.ts', 'src/deep/c.md']);
    expect(selected('*.ts')).toEqual(['a.ts']);
    expect(selected('**/*.ts')).toEqual(['a.ts', 'src/a.ts', 'src/deep/b.ts']);
    expect(selected('s*')).toEqual(['src', 'src/a.ts', 'src/deep/b.ts', 'src/deep/c.md', 'srcs']);
    expect(selected('src/d*', 'a.ts')).toEqual(['a.ts', 'src/deep/b.ts', 'src/deep/c.md']);
    expect(selected('d?nn')).toEqual(['dünn/ä']);
    expect(selected('[x]')).toEqual(['[x]', 'x']);
    expect(selected('.')).toEqual(paths);
  });

  it('are known when they fit nothing', () => {
    const filter = selectPaths(['src', 'lib', '*.md'], matchGlob);
    for (const path of paths) filter.selects(treePath(path));
    expect(filter.unmatched()).toEqual(['lib', '*.md']);
  });

  it('are taken from the project, and never lead out of it', () => {
    expect(tidyPatterns('/p', ['./src/', 'src', '/p/a/../b', '.'])).toEqual(['src', 'b', '.']);
    for (const given of ['', '..', '../x', '/other', 'a/../../x']) {
      expect(() => tidyPatterns('/p', [given])).toThrow(
        expect.toSatisfy((error: unknown) => isFailure(error, 'invalid-argument')),
      );
    }
  });
});
