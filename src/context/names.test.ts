import { expect, test } from 'vitest';

import { scanLines } from './lines.ts';
import { NAME_FILE, NAME_HASH, NAME_MIXED, NameTable } from './name-table.ts';
import { scanNames } from './names.ts';

function namesIn(text: string): string[] {
  const table = new NameTable();
  const found: string[] = [];
  scanNames(text, table, (name) => found.push(table.word(name)));
  return found;
}

test('finds identifiers, hashes and file names, not line numbers or short words', () => {
  expect(namesIn('   120→ if x: readFile(core/a.test.ts) # 1f3c9ab')).toEqual([
    'readFile',
    'core',
    'test',
    'a.test.ts',
    '1f3c9ab',
  ]);
});

test('knows what a name looks like', () => {
  const table = new NameTable();
  const kinds: number[] = [];
  scanNames('readFile 1f3c9ab notes.md', table, (name) => kinds.push(table.kinds[name] ?? -1));
  expect(kinds).toContain(NAME_MIXED);
  expect(kinds).toContain(NAME_HASH);
  expect(kinds).toContain(NAME_FILE);
});

test('takes the name of a host as one', () => {
  expect(namesIn('curl https://api.example.com/v2')).toContain('api.example.com');
  expect(namesIn('item.text')).not.toContain('item.text');
});

test('reads a name behind an escape of JSON', () => {
  expect(namesIn(String.raw`{"a":"\nparseHeader\tvalue_1"}`)).toEqual(['parseHeader', 'value_1']);
});

test('gives a name one number, however many there are', () => {
  const table = new NameTable();
  const words = Array.from({ length: 20_000 }, (_, n) => `name_${n}`);
  const numbers: number[] = [];
  scanNames([...words, ...words].join(' '), table, (name) => numbers.push(name));
  expect(numbers.slice(0, 20_000)).toEqual(numbers.slice(20_000));
  expect(new Set(numbers).size).toBe(20_000);
  expect(table.word(numbers[19_999] ?? 0)).toBe('name_19999');
});

test('a line is the same line when it is read with a number, quoted in JSON, and indented otherwise', () => {
  const table = new NameTable();
  const found: number[] = [];
  const scan = (text: string, escaped: boolean): void =>
    scanLines({ text, range: { from: 0, to: text.length, escaped } }, table, (line) => found.push(line));
  scan('    12→\tconst name = "x";\n', false);
  scan(String.raw`\tconst name = \"x\";\n`, true);
  scan('const name = "x";', false);
  expect(new Set(found).size).toBe(1);
  expect(found).toHaveLength(3);
});
