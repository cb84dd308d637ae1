import fc from 'fast-check';
import { expect, test } from 'vitest';

import { estimateTokens } from './estimate-tokens.ts';
import { cutPieces } from './pieces.ts';

const HALF_PAIR = /^[\udc00-\udfff]|[\ud800-\udbff]$/;

const whole = (text: string) => ({ from: 0, to: text.length, escaped: 0 }) as const;

test('pieces are the text again and end where lines end', () => {
  const text = Array.from({ length: 300 }, (_, line) => `line ${line} of the file says something`).join('\n');
  const pieces = cutPieces(text, whole(text), 220);
  expect(pieces.length).toBeGreaterThan(5);
  expect(pieces.map((piece) => text.slice(piece.from, piece.to)).join('')).toBe(text);
  for (const piece of pieces.slice(0, -1)) expect(text[piece.to - 1]).toBe('\n');
  for (const piece of pieces) expect(piece.tokens).toBeLessThanOrEqual(220 * 1.3);
});

test('pieces of any text are the text again, and none splits a surrogate pair', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 4_000 }), (text) => {
      const pieces = cutPieces(text, whole(text), 20);
      expect(pieces.map((piece) => text.slice(piece.from, piece.to)).join('')).toBe(text);
      for (const piece of pieces) expect(text.slice(piece.from, piece.to)).not.toMatch(HALF_PAIR);
    }),
  );
});

test('a piece of a JSON string never ends inside an escape', () => {
  const hard = fc.array(fc.constantFrom('"', '\\', '\n', '\u0001', 'n', 'u', 'x'), { maxLength: 3_000 });
  fc.assert(
    fc.property(hard, (signs) => {
      const json = JSON.stringify(signs.join(''));
      const pieces = cutPieces(json, { from: 1, to: json.length - 1, escaped: 1 }, 20);
      const values = pieces.map((piece) => JSON.parse(`"${json.slice(piece.from, piece.to)}"`) as string);
      expect(values.join('')).toBe(signs.join(''));
      const nested = JSON.stringify(json);
      const inside = { from: 3, to: nested.length - 3, escaped: 2 } as const;
      const inner = cutPieces(nested, inside, 20).map(({ from, to }): unknown =>
        JSON.parse(`"${String(JSON.parse(`"${nested.slice(from, to)}"`))}"`),
      );
      expect(inner.join('')).toBe(signs.join(''));
    }),
  );
});

test('the estimate is near the count of o200k_base', () => {
  const samples: [string, number][] = [
    ['export function readFile(path: string): Promise<Buffer> {', 12],
    ['The quick brown fox jumps over the lazy dog near the riverbank.', 14],
    ['2026-02-21T05:21:10Z ERROR 404 /api/v1/users/12345 took 89 ms', 31],
  ];
  for (const [text, tokens] of samples) {
    expect(estimateTokens(text)).toBeGreaterThan(tokens * 0.6);
    expect(estimateTokens(text)).toBeLessThan(tokens * 1.4);
  }
});
