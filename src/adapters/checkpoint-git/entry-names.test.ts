import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathOfStored, storedPath } from './entry-names.ts';

describe('names in the store', () => {
  test.each([
    '.git',
    '.GIT',
    '.Git ',
    '.git.',
    'git~1',
    'GIT~2',
    '.g\u00e2\u0080\u008cit',
    '.git:x',
    'a\\.git',
    '.codeframe-name-00',
  ])('%j is escaped, and comes back', (name) => {
    const stored = storedPath(`a/${name}/b`, false);
    expect(stored).toMatch(/^a\/\.codeframe-name-[0-9a-f]+\/b$/);
    expect(pathOfStored(stored)).toBe(`a/${name}/b`);
  });

  test.each(['.gitignore', '.gitmodules', '.github', 'git', 'foo.git', 'a~1', 'digit', '\u00e9', ''])(
    '%j stays',
    (name) => {
      expect(storedPath(`a/${name}`, false)).toBe(`a/${name}`);
    },
  );

  test.each(['.gitmodules', '.GITATTRIBUTES', 'GITMOD~1', '.mailmap'])('a link %j is escaped', (name) => {
    expect(storedPath(name, true)).toMatch(/^\.codeframe-name-/);
  });

  test('any path of bytes comes back', () => {
    const name = fc
      .oneof(
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.constantFrom('.git', 'git~1', '.codeframe-name-', '.gitmodules').map((text) => Buffer.from(text)),
      )
      .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('/', '_'));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean(), (names, isLink) => {
        const path = names.join('/');
        expect(pathOfStored(storedPath(path, isLink))).toBe(path);
      }),
    );
  });
});
