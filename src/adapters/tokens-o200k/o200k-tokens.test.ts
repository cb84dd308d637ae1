import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { expect, test } from 'vitest';
import { openO200kTokens, slices, withoutLoneSurrogates } from './o200k-tokens.ts';

const counter = await openO200kTokens();
const exact = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });

test('text with ordinary breaks is counted exactly; the empty text is 0', () => {
  const text = 'export function add(a: number, b: number) {\n  return a + b;\n}\n'.repeat(200);
  expect(counter.count(text)).toBe(exact(text));
  expect(counter.count(text)).toBe(exact(text));
  expect(counter.count('')).toBe(0);
  expect(counter.count('hello world')).toBe(2);
});

test('special tokens in a text are text', () => {
  expect(counter.count('a <|endoftext|> b <|im_start|>')).toBeGreaterThan(6);
});

test.each([
  ['letters', 'a'.repeat(100_000)],
  ['base64', Buffer.from(Array.from({ length: 75_000 }, (_, i) => (i * 7919) % 256)).toString('base64')],
  ['Chinese', '漢字仮名交'.repeat(20_000)],
  ['blanks', ' '.repeat(100_000)],
  ['pairs of surrogates', '😀'.repeat(50_000)],
  ['lone surrogates', '\ud800'.repeat(100_000)],
])('a run of 100,000 characters without a break is counted: %s', (_, text) => {
  expect(counter.count(text)).toBeGreaterThan(0);
});

test('a sliced run counts nearly as a whole one', () => {
  const text = 'the quick brown fox '.repeat(300).replaceAll(' ', '_');
  const difference = Math.abs(counter.count(text) - exact(text));
  expect(difference).toBeLessThanOrEqual(Math.ceil(exact(text) * 0.01));
});

test('the pieces are the text, no piece has a long run, and no character is cut in half', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.tuple(fc.constantFrom('a', ' ', '😀', '\n', '漢'), fc.nat(2000)).map(([unit, n]) => unit.repeat(n)),
    ),
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = withoutLoneSurrogates(parts.join(''));
      const cut = slices(text);
      expect(cut.join('')).toBe(text);
      for (const piece of cut) expect(piece).not.toMatch(/\S{513}|\s{513}|\p{Surrogate}/u);
    }),
  );
});
