import { expect, test } from 'vitest';

import { HashTable } from './hash-table.ts';
import { IntList } from './int-list.ts';
import { scanLines } from './lines.ts';
import { NAME_FILE, NAME_HASH, NAME_MIXED, NameTable } from './name-table.ts';
import { scanNames } from './names.ts';
import { ROLES } from './patch.ts';
import { unitsOf } from './text-units.ts';

function scan(text: string): { readonly table: NameTable; readonly numbers: readonly number[] } {
  const table = new NameTable();
  const found = { ids: new IntList(), at: new IntList() };
  scanNames(text, table, found);
  return { table, numbers: [...found.ids.values()] };
}

function namesIn(text: string): string[] {
  const { table, numbers } = scan(text);
  return numbers.map((name) => table.word(name));
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
  const { table, numbers } = scan('readFile 1f3c9ab notes.md');
  const kinds = numbers.map((name) => table.kinds[name] ?? -1);
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

test('reads a name behind an escape of JSON that is in a string of JSON, and no path of Windows as one', () => {
  const args = JSON.stringify({ new_string: '\nparseHeader\tvalue_1\rreadFile "\\treeView"' });
  expect(namesIn(JSON.stringify({ arguments: args })).slice(-4)).toEqual([
    'parseHeader',
    'value_1',
    'readFile',
    'reeView',
  ]);
  expect(namesIn(String.raw`{"path":"src\\runner\\tools.ts"}`)).toContain('tools.ts');
});

test('gives a name one number, however many there are', () => {
  const words = Array.from({ length: 20_000 }, (_, n) => `name_${n}`);
  const { table, numbers } = scan([...words, ...words].join(' '));
  expect(numbers.slice(0, 20_000)).toEqual(numbers.slice(20_000));
  expect(new Set(numbers).size).toBe(20_000);
  expect(table.word(numbers[19_999] ?? 0)).toBe('name_19999');
});

test('a line is the same line when it is read with a number, quoted in JSON, and indented otherwise', () => {
  const table = new HashTable();
  const found = { ids: new IntList(), at: new IntList(), roles: new IntList(), numbered: null };
  const read = (text: string, escaped: 0 | 1): void => {
    const range = { from: 0, to: text.length, escaped };
    scanLines({ units: unitsOf(text), range, role: ROLES.text, patch: 'none' }, table, found);
  };
  read('    12→\tconst name = "x";\n', 0);
  read(String.raw`\tconst name = \"x\";\n`, 1);
  read('const name = "x";', 0);
  expect(new Set(found.ids.values()).size).toBe(1);
  expect(found.ids.length).toBe(3);
});

test.each([
  ['1: export const a = 1;\n2: export const b = 2;\n', 2],
  ['L1: export const a = 1;\nL2: export const b = 2;\n', 2],
  ['00001| export const a = 1;\n00002| export const b = 2;\n', 2],
  ['1:export const a = 1;\n2:\n3:export const b = 2;\n4:export const c = 3;\n', 4],
  ['   8 | export const a = 1;\n   9 | \n  10 | export const b = 2;\n  11 | const c = 3;\n', 4],
  ['1. export const a = 1;\n2. \n3. export const b = 2;\n4. export const c = 3;\n', 4],
  ['What to do:\n\n1. read\n2. write\n\nWhat not:\n\n1. sleep\n2. eat\n', 0],
  ['12: starting the server\n19: the server has started\n', 0],
  ['12:30:01 starting the server\n12:30:02 has started\n', 0],
])('knows a number before a line from a time in a log: %j', (text, numbered) => {
  const places = { at: new IntList(), behind: new IntList() };
  const found = { ids: new IntList(), at: new IntList(), roles: new IntList(), numbered: places };
  const range = { from: 0, to: text.length, escaped: 0 } as const;
  const source = { units: unitsOf(text), range, role: ROLES.text, patch: 'none' } as const;
  scanLines(source, new HashTable(), found);
  expect(places.at.length).toBe(numbered);
});
