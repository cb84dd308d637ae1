import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLiteralSearch } from './literal-search.ts';

const letters = fc.string({
  unit: fc.constantFrom('a', 'A', 'b', 'é', '_', '\ud800'),
  minLength: 1,
  maxLength: 6,
});
const texts = fc.string({
  unit: fc.constantFrom('a', 'A', 'b', 'B', 'é', '_', ' ', '\ud800'),
  maxLength: 40,
});

describe('a search for many strings', () => {
  it('finds each of them wherever it stands, whatever its case', () => {
    fc.assert(
      fc.property(fc.uniqueArray(letters, { maxLength: 8 }), texts, (literals, text) => {
        const found: string[] = [];
        createLiteralSearch(literals).each(text, (literal, at) => found.push(`${literal} ${at}`));
        expect(found.toSorted()).toEqual(slowly(literals, text).toSorted());
      }),
    );
  });
});

/** The same without an automaton. Characters beyond ASCII are one class: a rule looks again at what was found. */
function slowly(literals: readonly string[], text: string): readonly string[] {
  const fold = (part: string): string => part.replace(/[^\u0000-\u007f]/g, '~').toLowerCase();
  return literals.flatMap((literal, index) =>
    Array.from({ length: text.length }, (_, at) => at)
      .filter((at) => fold(text.slice(at, at + literal.length)) === fold(literal))
      .map((at) => `${index} ${at}`),
  );
}
