import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { builtInPrices, findPrice } from './price-table.ts';
import { readPrices } from './read-prices.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'codeframe-prices-'));
  path = join(dir, 'prices.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

const price = { input: 1, cacheRead: 0.1, cacheWrite: 1.25, output: 5, windowTokens: 1_000_000 };

test('prices are the built-in ones where no file says otherwise', () => {
  expect(readPrices(path)).toBe(builtInPrices);
});

test('a file replaces the prices of its models and adds others', () => {
  const models = { 'anthropic:claude-opus-4-5': price, 'openai:gpt-next': price };
  writeFileSync(path, JSON.stringify({ asOf: '2026-11-01', models }));
  const table = readPrices(path);
  expect(table).toMatchObject({ asOf: '2026-11-01', source: path });
  expect(findPrice(table, 'anthropic:claude-opus-4-5-20251101')).toEqual(price);
  expect(findPrice(table, 'openai:gpt-next')).toEqual(price);
  expect(findPrice(table, 'anthropic:claude-sonnet-4-5')?.input).toBe(3);
});

test.each([
  ['{', /not JSON/],
  ['[]', /`models`/],
  ['{"asOf":"soon","models":{}}', /`asOf`/],
  [JSON.stringify({ asOf: '2026-11-01', models: { 'a:b': { ...price, output: '5' } } }), /a:b has no output/],
  [JSON.stringify({ asOf: '2026-11-01', models: { 'a:b': null } }), /a:b has no input/],
])('a file that cannot be understood is refused by name: %s', (text, problem) => {
  writeFileSync(path, text);
  expect(() => readPrices(path)).toThrow(
    expect.objectContaining({
      failure: { code: 'corrupt-config', path, problem: expect.stringMatching(problem) as unknown },
    }) as Error,
  );
});
