import { describe, expect, it } from 'vitest';
import { IncludedPaths } from './included-paths.ts';

describe('what is included', () => {
  it.each([
    ['dist/', 'dist/a/b', true],
    ['./dist', 'dist', true],
    ['dist', 'other/dist', false],
    ['dist', 'distant', false],
    ['.env.example', '.env.example', true],
    ['.env.*', 'app/.env.local', true],
    ['build/**/*.map', 'build/js/a.map', true],
    ['build/**/*.map', 'build/js/a.js', false],
    ['cache-*', 'cache-1/in/it', true],
    ['gr\u00fcn/*', Buffer.from('gr\u00fcn/x').toString('latin1'), true],
  ])('%s: %s is %s', (pattern, path, expected) => {
    expect(new IncludedPaths([], [pattern]).covers(path)).toBe(expected);
  });

  it('is looked for where a path or the start of a glob leads, and in no other ignored directory', () => {
    const include = new IncludedPaths(['a/b/c'], ['*.local', 'build/**/*.map', 'x/y']);
    const reached = ['a', 'a/b', 'a/b/c/d', 'build', 'build/js', 'x'];
    expect(reached.filter((path) => !include.reaches(path))).toEqual([]);
    expect(['node_modules', 'a/c', 'buildings', 'x/z'].filter((path) => include.reaches(path))).toEqual([]);
  });
});
